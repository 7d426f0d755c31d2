import { relative, resolve } from 'node:path';
import { Args, Flags } from '@oclif/core';
import { askStarters, connectionOf, templatesOf } from '../app/init/ask.ts';
import { initJobs, type Starters, USUAL } from '../app/init/init.ts';
import { TEMPLATES } from '../app/init/templates.ts';
import { askLine } from '../app/shell/interactive.ts';
import { shellWord } from '../core/text.ts';
import { isInteractive } from '../progress/prompt.ts';
import { machineZone } from '../schedule/zone.ts';
import { BaseCommand, jsonFlag } from './base.ts';

const url = (description: string, helpValue: string) => Flags.string({ description, helpValue, helpGroup: 'ANSWERS' });

export default class Init extends BaseCommand {
  static override summary = 'Write a starter jobs folder from templates; overwrite nothing.';
  static override description =
    `Asks on a terminal for what the flags do not say; elsewhere the examples' words stay. Templates: ${Object.keys(TEMPLATES).join(', ')}.`;
  static override examples = [
    '<%= config.bin %> init',
    '<%= config.bin %> init ./automation/jobs --template deploy --web ftp://deploy@ftp.example.net --yes',
  ];
  static override args = { dir: Args.string({ default: 'jobs', description: 'the folder' }) };
  static override flags = {
    template: Flags.string({
      char: 't',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'NAME',
      description: 'a job to begin with',
    }),
    yes: Flags.boolean({ char: 'y', description: 'ask nothing' }),
    web: url('the FTP server of the site', 'ftp://USER@HOST'),
    supplier: url('the FTP server of the supplier', 'ftps://USER@HOST'),
    inbox: url('the mailbox', 'pop3s://USER@HOST'),
    outbox: url('the mail server', 'smtp://USER@HOST'),
    site: url('the folder that is deployed', './public'),
    remote: url('the folder on the FTP server', '/www'),
    url: url('the address of the site', 'https://…'),
    from: url('the sender of mails', 'ADDRESS'),
    to: url('who gets them', 'ADDRESS'),
    timezone: url('of the schedules', 'Europe/Zurich'),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Init);
    const { site, remote, url: address, from, to, timezone } = flags;
    const dir = resolve(args.dir);
    const given: Partial<Starters> = {
      ...(flags.template === undefined ? {} : { templates: templatesOf(flags.template) }),
      answers: Object.fromEntries(
        Object.entries({ site, remote, url: address, from, to, timezone }).filter(([, value]) => value !== undefined),
      ),
      connections: Object.fromEntries(
        (['web', 'supplier', 'inbox', 'outbox'] as const).flatMap(name => {
          const text = flags[name];
          return text === undefined ? [] : [[name, connectionOf(text, name)]];
        }),
      ),
    };
    const starters = flags.yes || flags.json || !isInteractive() ? { ...USUAL, ...given } : await this.#ask(given);
    const started = await initJobs(dir, starters);
    if (flags.json) return this.printJson({ dir, files: started.files });
    this.#report(args.dir, dir, starters, started);
  }

  #ask(given: Partial<Starters>): Promise<Starters> {
    const keyboard = { input: process.stdin, output: process.stderr };
    const person = { ask: (question: string) => askLine(keyboard, question), say: (line: string) => this.say(line) };
    return askStarters(person, given, machineZone());
  }

  #report(asked: string, dir: string, { templates }: Starters, started: Awaited<ReturnType<typeof initJobs>>): void {
    const shown = (path: string) => relative(process.cwd(), path) || path;
    for (const { path, written } of started.files) this.print(`${written ? 'wrote  ' : 'kept   '} ${shown(path)}`);
    const file = resolve(dir, 'connections.yaml');
    if (started.missing !== undefined) this.print(`\nMissing in ${shown(file)}, which stays as it was:\n\n${started.missing}`);
    this.print('\nNext:');
    this.print(`  1. Look over the servers in ${shown(file)}.`);
    const job = `${asked}/${TEMPLATES[templates[0] ?? 'deploy'].file}`;
    const secrets = started.connections.map(name => `postrider secret set ${name}`).join('; ');
    this.print(`  2. Give the passwords: ${secrets} (or export POSTRIDER_SECRET_NAME=…, or a file NAME in /run/secrets).`);
    this.print(`  3. postrider validate ${shellWord(asked)} && postrider plan ${shellWord(job)}`);
  }
}
