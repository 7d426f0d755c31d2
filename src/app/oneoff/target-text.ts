// Reads what a one-off command calls its server: a URL, or `@name` of connections.yaml, each with an optional path.
import { didYouMean } from '../../core/diagnostic.ts';
import { AppError } from '../../core/errors.ts';
import { printable, shorten } from '../../core/text.ts';
import { insteadOfValue } from '../../job/elsewhere.ts';
import type { Raw } from '../../job/job.ts';
import type { Protocol, TlsMode } from '../../protocols/net/endpoint.ts';

export type TargetText =
  | { readonly kind: 'name'; readonly name: string; readonly path: string }
  /** `settings` are those of a connection as connections.yaml would have them. */
  | { readonly kind: 'url'; readonly settings: Readonly<Record<string, Raw>>; readonly path: string };

const SCHEMES: Readonly<Record<string, { readonly type: Protocol; readonly tls: TlsMode }>> = {
  ftp: { type: 'ftp', tls: 'explicit' },
  ftps: { type: 'ftp', tls: 'implicit' },
  pop3: { type: 'pop3', tls: 'explicit' },
  pop3s: { type: 'pop3', tls: 'implicit' },
  smtp: { type: 'smtp', tls: 'explicit' },
  smtps: { type: 'smtp', tls: 'implicit' },
};

/** What may follow the `?`; the values are checked like those of a connection. */
const SETTINGS = [
  'tls',
  'tls-max',
  'ca',
  'fingerprint',
  'timeout',
  'passive',
  'encoding',
  'protection',
  'hostname',
  'protocol',
  'max-rate',
  'dsn',
  'require-tls',
  'max-connections',
  'proxy',
  'oauth2',
];

const URL_PARTS = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s;
const AUTHORITY = /^(\[[0-9A-Fa-f:.%]+\]|[^:[\]]*)(?::(\d{0,10}))?$/;
const NAME_PARTS = /^@([A-Za-z_][A-Za-z0-9_-]*)(?::(.*)|\/(.*))?$/s;

/** True for what can only be meant as a server, never as a local file. */
export function looksLikeTarget(text: string): boolean {
  return /^@[A-Za-z_]/.test(text) || /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text);
}

/**
 * The path is relative to the folder of the login, as in every FTP URL (RFC 1738 section 3.2.2): `ftp://host/www` is `www`,
 * `ftp://host//www` and `ftp://host/%2Fwww` are `/www`. Throws AppError `usage`, which never repeats a password; `type` is for its examples.
 */
export function parseTarget(text: string, type: Protocol = 'ftp'): TargetText {
  const named = NAME_PARTS.exec(text);
  if (named !== null) return { kind: 'name', name: named[1] ?? '', path: named[2] ?? named[3] ?? '' };
  const parts = URL_PARTS.exec(text);
  if (parts === null) throw notTarget(text, type);
  const [, scheme = '', authority = '', path = '', query = ''] = parts;
  const known = SCHEMES[scheme.toLowerCase()];
  if (known === undefined) throw unknownScheme(scheme);
  const at = authority.lastIndexOf('@');
  const userinfo = at < 0 ? undefined : authority.slice(0, at);
  if (userinfo?.includes(':')) throw passwordInUrl(`${scheme}://${userinfo.slice(0, userinfo.indexOf(':'))}@…`);
  const [, host = '', port] = AUTHORITY.exec(authority.slice(at + 1)) ?? [];
  if (host === '') throw badUrl('the host is missing or cannot be read', `${scheme}://user@ftp.example.org/folder`);
  const settings: Record<string, Raw> = { type: known.type, tls: known.tls, host: host.replace(/^\[|\]$/g, '') };
  if (port !== undefined && port !== '') settings['port'] = Number(port);
  if (userinfo !== undefined && userinfo !== '') settings['user'] = decoded(userinfo, 'the user');
  return { kind: 'url', settings: { ...settings, ...readQuery(query) }, path: decoded(path, 'the path') };
}

/** Of a file that is moved, the path on the server that `from` names. Throws AppError `usage` when `to` names another one. */
export function pathOnSameServer(from: string, to: string): string {
  if (!looksLikeTarget(to)) return to;
  const [here, there] = [parseTarget(from), parseTarget(to)];
  if (serverOf(here) === serverOf(there)) return there.path;
  throw new AppError('usage', `${printable(to)} is not on the server of ${printable(from)}`, {
    hint: 'A file is moved within one server: write the new path alone. From one to another: `ftp get` and `ftp put`.',
  });
}

function serverOf(target: TargetText): string {
  if (target.kind === 'name') return `@${target.name}`;
  const { type, host, port, user } = target.settings;
  return JSON.stringify([type, String(host).toLowerCase(), port, user]);
}

function readQuery(query: string): Readonly<Record<string, Raw>> {
  const settings: Record<string, Raw> = {};
  for (const pair of query === '' ? [] : query.split('&')) {
    const [key = '', ...rest] = pair.split('=');
    if (key === 'password') throw passwordInUrl('the setting `password`');
    if (!SETTINGS.includes(key)) throw unknownSetting(key);
    const value = decoded(rest.join('='), `the setting \`${key}\``);
    if (key === 'proxy' && /:[^/]*@/.test(value.replace('://', ''))) throw passwordInUrl('the setting `proxy`');
    settings[key] = typed(key, value);
  }
  return settings;
}

function typed(key: string, value: string): Raw {
  if (key === 'max-connections' && /^\d{1,4}$/.test(value)) return Number(value);
  if ((key === 'passive' || key === 'require-tls') && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badUrl(`${what} holds a % that starts no percent-encoding`, 'Write %25 for a percent sign.');
  }
}

function notTarget(text: string, type: Protocol): AppError {
  const shown = shorten(printable(text.replace(/:[^@/]*@/, ':…@')), 80);
  const isHost = /^[\w.+-]*[@.][\w.-]+(\/|$)/.test(shown);
  const example = `a URL like ${isHost ? `${type}://${shown}` : EXAMPLES[type]}`;
  const hint = /^[A-Za-z_][\w-]*(\/|$)/.test(shown)
    ? `Did you mean @${shown}, by a connection of connections.yaml? Else write ${example}.`
    : `Write ${example}, or @name for a connection of connections.yaml.`;
  return new AppError('usage', `"${shown}" names no server`, { hint });
}

const EXAMPLES: Readonly<Record<Protocol, string>> = {
  ftp: 'ftp://user@ftp.example.org/folder',
  pop3: 'pop3s://user@pop.example.org',
  smtp: 'smtp://user@smtp.example.org',
};

const OTHER_PROTOCOLS: Readonly<Record<string, string | undefined>> = {
  sftp: insteadOfValue('type', 'sftp'),
  scp: insteadOfValue('type', 'sftp'),
  imap: insteadOfValue('type', 'imap'),
  imaps: insteadOfValue('type', 'imap'),
};

function unknownScheme(scheme: string): AppError {
  const other = OTHER_PROTOCOLS[scheme.toLowerCase()];
  const near = didYouMean(scheme, Object.keys(SCHEMES));
  const all = `Known are ${Object.keys(SCHEMES).join('://, ')}://.`;
  return new AppError('usage', `${printable(scheme)}:// is no protocol that postrider speaks`, {
    hint: other ?? (near === undefined ? all : `Did you mean ${near}://? ${all}`),
  });
}

function unknownSetting(key: string): AppError {
  const near = didYouMean(key, SETTINGS);
  const hint = `${near === undefined ? '' : `Did you mean ${near}? `}After the ? may stand ${SETTINGS.join(', ')}; write %3F for a question mark in a path.`;
  return new AppError('usage', `the URL has an unknown setting "${shorten(printable(key), 40)}"`, { hint });
}

function passwordInUrl(where: string): AppError {
  return new AppError(
    'usage',
    `${printable(where)}: a password in the URL is refused: it shows in the process list and in the shell’s history`,
    {
      hint: 'Leave it out: postrider asks for it, or reads it from POSTRIDER_PASSWORD or --password-stdin. Change it if others may have seen it.',
    },
  );
}

function badUrl(why: string, hint: string): AppError {
  return new AppError('usage', `the URL cannot be read: ${why}`, { hint });
}
