// The connections.yaml of a starter folder: what was said of the servers, or the examples' words.
import type { Raw } from '../../job/job.ts';
import type { Protocol } from '../../protocols/net/endpoint.ts';
import type { ConnectionName } from './templates.ts';
import { yamlWord } from './templates.ts';

/** Keys of a connection as connections.yaml has them. */
export type Settings = Readonly<Record<string, Raw>>;

const EXAMPLES: Readonly<Record<ConnectionName, Settings>> = {
  web: { type: 'ftp', host: 'ftp.example.org', user: 'deploy' },
  supplier: { type: 'ftp', host: 'files.example.com', tls: 'implicit', user: 'customer-4711' },
  inbox: { type: 'pop3', host: 'pop.example.org', user: 'invoices' },
  outbox: { type: 'smtp', host: 'smtp.example.org', user: 'robot' },
};

const TLS_DEFAULT: Readonly<Record<Protocol, string>> = { ftp: 'explicit', pop3: 'implicit', smtp: 'explicit' };

export function protocolOf(name: ConnectionName): Protocol {
  return EXAMPLES[name]['type'] as Protocol;
}

export function connectionsText(
  names: readonly ConnectionName[],
  said: Partial<Readonly<Record<ConnectionName, Settings>>>,
): string {
  return `# Servers that the jobs in this folder share. \`postrider secret set NAME\` stores a password.\n${connectionBlocks(names, said)}`;
}

/** Without the line at the top: to be put into a file that is there. */
export function connectionBlocks(
  names: readonly ConnectionName[],
  said: Partial<Readonly<Record<ConnectionName, Settings>>>,
): string {
  return names.map(name => connectionText(name, said[name] ?? EXAMPLES[name])).join('\n');
}

/** A password is asked for only where there is a user. */
function connectionText(name: ConnectionName, { type, host, tls, user, ...rest }: Settings): string {
  const usual = tls === undefined || tls === TLS_DEFAULT[protocolOf(name)];
  const lines = Object.entries({
    ...{ type: type ?? protocolOf(name), host: host ?? '' },
    ...(usual ? {} : { tls }),
    ...rest,
    ...(user === undefined ? {} : { user, password: `\${{ secrets.${name} }}` }),
  });
  return `${name}:\n${lines.map(([key, value]) => `  ${key}: ${typeof value === 'string' ? yamlWord(value) : String(value)}\n`).join('')}`;
}
