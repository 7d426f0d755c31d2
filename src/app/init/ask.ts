// Asks for what a starter folder needs, one question at a time, each with an answer that Enter takes.
import { AppError, CancelledError } from '../../core/errors.ts';
import { looksLikeTarget, parseTarget } from '../oneoff/target-text.ts';
import { protocolOf, type Settings } from './connections-file.ts';
import { type Starters, USUAL } from './init.ts';
import { type Answers, type ConnectionName, isTemplateName, TEMPLATES, type TemplateName } from './templates.ts';

export interface Person {
  /** Resolves to what was typed. */
  ask(question: string): Promise<string>;
  say(line: string): void;
}

const QUESTIONS: Readonly<Record<keyof Answers, readonly [question: string, usual: string]>> = {
  site: ['Folder of the finished site', './public'],
  remote: ['Folder on the FTP server', '/www'],
  url: ['Address of the site, to check after deploying', 'https://www.example.org/'],
  from: ['Mails come from', 'robot@example.org'],
  to: ['Reports go to', 'ops@example.org'],
  timezone: ['Time zone of the schedules', 'Europe/Zurich'],
};

const URLS: Readonly<Record<ConnectionName, readonly [question: string, usual: string]>> = {
  web: ['FTP server of the site', 'ftp://deploy@ftp.example.org'],
  supplier: ['FTP server of the supplier', 'ftps://customer-4711@files.example.com'],
  inbox: ['POP3 mailbox', 'pop3s://invoices@pop.example.org'],
  outbox: ['SMTP server for mails', 'smtp://robot@smtp.example.org'],
};

/** Asks only for what `given` does not say. Throws CancelledError when the person leaves. */
export async function askStarters(person: Person, given: Partial<Starters>, zone: string): Promise<Starters> {
  const templates = given.templates ?? (await askTemplates(person));
  const connections: Record<string, Settings> = { ...given.connections };
  for (const name of new Set(templates.flatMap(each => TEMPLATES[each].connections))) {
    connections[name] ??= await retried(person, URLS[name], text => connectionOf(text, name));
  }
  const answers: Partial<Record<keyof Answers, string>> = { ...given.answers };
  for (const name of new Set(templates.flatMap(each => TEMPLATES[each].asks))) {
    const [question, usual] = QUESTIONS[name];
    answers[name] ??= await retried(person, [question, name === 'timezone' ? zone : usual], text => text);
  }
  return { templates, answers, connections };
}

/** What the flag `--web URL` and its like say. Throws AppError `usage`. */
export function connectionOf(text: string, name: ConnectionName): Settings {
  const parsed = looksLikeTarget(text) ? parseTarget(text) : undefined;
  if (parsed?.kind === 'url' && parsed.settings['type'] === protocolOf(name)) return parsed.settings;
  throw new AppError('usage', `${text} is no ${protocolOf(name).toUpperCase()} server`, {
    hint: `Write a URL like ${URLS[name][1]}.`,
  });
}

/** Throws AppError `usage`. */
export function templatesOf(names: readonly string[]): readonly TemplateName[] {
  return names.map(name => {
    if (isTemplateName(name)) return name;
    throw new AppError('usage', `there is no template "${name}"`, {
      hint: `Write some of ${Object.keys(TEMPLATES).join(', ')}.`,
    });
  });
}

async function askTemplates(person: Person): Promise<readonly TemplateName[]> {
  for (const [name, { summary }] of Object.entries(TEMPLATES)) person.say(`  ${name.padEnd(14)} ${summary}`);
  return retried(person, ['Which jobs, separated by blanks', USUAL.templates.join(' ')], text =>
    templatesOf(text.split(/[\s,]+/)),
  );
}

async function retried<T>(person: Person, [question, usual]: readonly [string, string], read: (text: string) => T): Promise<T> {
  for (;;) {
    const typed = (await person.ask(`${question} [${usual}]: `)).trim();
    if (typed === 'quit') throw new CancelledError('nothing was written');
    try {
      return read(typed === '' ? usual : typed);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      person.say(`  ${error.message}. ${error.hint ?? ''}`);
    }
  }
}
