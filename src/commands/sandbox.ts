import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Flags } from '@oclif/core';
import { openSandbox } from '../app/sandbox/sandbox.ts';
import { connectionsYaml } from '../app/sandbox/sandbox-connections.ts';
import { systemClock } from '../core/clock.ts';
import { printable } from '../core/text.ts';
import { BaseCommand } from './base.ts';
import { interruptible } from './interruption.ts';

export default class SandboxCommand extends BaseCommand {
  static override summary = 'Local FTP, POP3 and SMTP servers to rehearse with, in good weather and in bad.';
  static override description =
    'What SMTP accepts, POP3 serves. `--fault` makes a server cut, refuse, delay or garble at a named point: `ftp:STOR#2=cut`, `pop3:RETR=reply:-ERR [SYS/TEMP] busy`, `smtp:dot=cut`, `*:greeting=delay:5s`.';
  static override examples = [
    '<%= config.bin %> sandbox',
    '<%= config.bin %> sandbox --latency 50ms --fault "ftp:STOR#3=reply:452 disk full"',
  ];
  static override flags = {
    dir: Flags.string({
      default: 'postrider-sandbox',
      helpValue: 'DIR',
      description: 'where files, mails and certificates live',
    }),
    latency: Flags.string({ helpValue: '50ms', description: 'round-trip time to pretend' }),
    fault: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'RULE',
      description: 'SERVER:POINT[#N][@BYTES]=ACTION, may be given several times',
    }),
    seed: Flags.boolean({ description: 'put some mails into it, and a small web site to deploy beside it' }),
    transcript: Flags.boolean({ description: 'print what is said, passwords masked' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(SandboxCommand);
    const interruption = interruptible(systemClock.elapsed);
    const onLine = (server: string, direction: string, text: string) => this.say(`${server} ${direction} ${printable(text)}`);
    const { seed, latency, fault } = flags;
    const sandbox = await openSandbox({
      dir: resolve(flags.dir),
      seed,
      latency,
      faults: fault ?? [],
      ...(flags.transcript ? { onLine } : {}),
    });
    const connections = join(sandbox.dir, 'connections.yaml');
    await writeFile(connections, connectionsYaml(sandbox, 'sandbox'), { mode: 0o600 });
    for (const [name, { host, port }] of Object.entries(sandbox.endpoints)) this.print(`${name.padEnd(6)} ${host}:${port}`);
    this.print(`\nuser         ${sandbox.user}`);
    this.print(`password     ${sandbox.password}   (export POSTRIDER_SECRET_SANDBOX=${sandbox.password})`);
    this.print(
      `oauth2       ${sandbox.issuer}   (postrider login NAME --provider custom --scope mail --issuer ${sandbox.issuer})`,
    );
    this.print(`trust        ${sandbox.caFile}`);
    this.print(`web root     ${sandbox.siteDir}`);
    if (seed) this.print(`web site     ${join(sandbox.dir, 'site-source')}   (to deploy)`);
    this.print(`connections  ${connections}`);
    this.print('\nCtrl-C ends it.');
    await new Promise(done => interruption.signal.addEventListener('abort', done, { once: true }));
    await sandbox.close();
  }
}
