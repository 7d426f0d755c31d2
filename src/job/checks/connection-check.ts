// What is wrong with the connections of a job file or of connections.yaml.
import { printable } from '../../core/text.ts';
import { isLoopback, type Protocol } from '../../protocols/net/endpoint.ts';
import { connectionSchemas, connectionTypeSchema } from '../connection-definition.ts';
import { isMapping, problemsOf } from '../issue.ts';
import type { Raw } from '../job.ts';
import { IDENTIFIER_PATTERN, IDENTIFIER_WORDS } from '../names.ts';
import type { Path, Problem } from '../problem.ts';
import { hasExpression } from '../template.ts';
import { checkTimeout } from './duration-check.ts';
import { checkValue, type ExpressionScope, forbidExpressions, forbidWholeExpression } from './expression-check.ts';
import { starredUrl, withoutWrittenPassword } from './written-secrets.ts';

/** Read when the connection is opened; everything else is read with the file. */
const EXPRESSION_KEYS: ReadonlySet<string> = new Set(['host', 'user', 'password', 'proxy', 'dkim']);

export function checkConnections(connections: Raw | undefined, at: Path, scope: ExpressionScope): readonly Problem[] {
  if (!isMapping(connections)) return [];
  return Object.entries(connections).flatMap(([name, raw]) => {
    const path = [...at, name];
    const named = IDENTIFIER_PATTERN.test(name) ? [] : [badName(name, path)];
    return [...named, ...checkConnection(raw, path, scope)];
  });
}

/** The protocol that a connection as written speaks, when it says so. */
export function protocolOf(raw: Raw | undefined): Protocol | undefined {
  const type = isMapping(raw) ? raw['type'] : undefined;
  return type === 'ftp' || type === 'pop3' || type === 'smtp' ? type : undefined;
}

function checkConnection(raw: Raw, path: Path, scope: ExpressionScope): readonly Problem[] {
  if (!isMapping(raw)) return [...problemsOf(connectionTypeSchema(), raw, path), ...forbidWholeExpression(raw, path)];
  const type = protocolOf(raw);
  if (type === undefined) {
    const known = Object.hasOwn(raw, 'type') ? { type: raw['type'] ?? null } : {};
    return [...problemsOf(connectionTypeSchema(), known, path), ...forbidExpressions(raw['type'], [...path, 'type'])];
  }
  const direct = type === 'smtp' && raw['delivery'] === 'direct';
  return [
    ...problemsOf(connectionSchemas[type], direct ? { ...raw, host: 'unused' } : raw, path).map(problem =>
      nameType(problem, type),
    ),
    ...(direct ? checkDirect(raw, path) : []),
    ...Object.entries(raw).flatMap(([key, value]) =>
      EXPRESSION_KEYS.has(key) ? checkValue(value, [...path, key], scope) : forbidExpressions(value, [...path, key]),
    ),
    ...forbidWholeExpression(raw['dkim'], [...path, 'dkim']),
    ...checkTimeout(raw['timeout'], [...path, 'timeout']),
    ...checkHost(raw['host'], [...path, 'host']),
    ...checkEncoding(raw['encoding'], [...path, 'encoding']),
    ...checkTls(raw, path),
    ...checkSignIn(raw, path),
    ...checkWritten(raw, path),
  ];
}

function checkEncoding(label: Raw | undefined, path: Path): readonly Problem[] {
  if (typeof label !== 'string' || label === '' || hasExpression(label)) return [];
  try {
    new TextDecoder(label);
    return [];
  } catch {
    const hint = 'Write a name such as latin1, windows-1252 or koi8-r.';
    return [{ code: 'encoding-unknown', message: `there is no charset "${printable(label)}"`, hint, path }];
  }
}

/** Near enough to tell an address from `name:port`. */
const IPV6 = /^[0-9a-f]*:[0-9a-f.]*:[0-9a-f:.]*(?:%\w+)?$/i;

/** A host is a name or an address alone; with more around it, no name server would know it. */
function checkHost(host: Raw | undefined, path: Path): readonly Problem[] {
  if (typeof host !== 'string' || host === '' || hasExpression(host)) return [];
  const [, name = '', port] = /^(?:[a-z0-9+.-]+:\/\/)?(?:[^/@]*@)?([^/:\s]+)(?::(\d+))?(?:\/.*)?$/i.exec(host) ?? [];
  if (name === host || IPV6.test(host)) return [];
  const message = `\`host\` must be a name or an address alone, but is "${starredUrl(printable(host))}"`;
  const keys = port === undefined ? `\`host: ${name}\`` : `\`host: ${name}\` and \`port: ${port}\``;
  const hint = name === '' ? 'Write it as in ftp.example.org, 192.0.2.1 or 2001:db8::1.' : `Write ${keys}.`;
  return [{ code: 'bad-host', message, hint, path }];
}

function checkTls({ tls, 'tls-max': max }: Readonly<Record<string, Raw>>, path: Path): readonly Problem[] {
  if (tls !== 'none' || max === undefined) return [];
  const message = '`tls: none` speaks no TLS, so `tls-max` limits nothing';
  return [{ code: 'contradiction', message, hint: 'Remove one of them.', path: [...path, 'tls-max'], part: 'key' }];
}

function checkSignIn(raw: Readonly<Record<string, Raw>>, path: Path): readonly Problem[] {
  const problems: Problem[] = [];
  const { password, oauth2, user, host, tls } = raw;
  if (typeof password === 'string' && password !== '' && !hasExpression(password)) {
    const hint = 'Store it with `postrider secret set NAME` and write `${{ secrets.NAME }}`.';
    const message = 'a password stands in this file in clear text';
    problems.push({ code: 'secret-in-file', severity: 'warning', message, hint, path: [...path, 'password'], part: 'key' });
  }
  const proof = password !== undefined ? 'password' : oauth2 !== undefined ? 'oauth2' : undefined;
  if (proof !== undefined && user === undefined) {
    const message = `there is ${proof === 'password' ? 'a `password`' : '`oauth2`'}, but no \`user\``;
    problems.push({ code: 'missing-key', message, hint: 'Add `user: …`.', path: [...path, proof], part: 'key' });
  }
  if (password !== undefined && oauth2 !== undefined) {
    const message = 'a connection signs in by `password` or by `oauth2`, not by both';
    problems.push({ code: 'contradiction', message, hint: 'Remove one of them.', path: [...path, 'oauth2'], part: 'key' });
  }
  if (tls === 'none' && (proof !== undefined || user !== undefined) && typeof host === 'string' && !isLoopback(host)) {
    const message = `the ${proof === 'oauth2' ? 'access token' : 'password'} is sent to ${printable(host)} in clear text`;
    const hint = 'Remove `tls: none` if the server can do TLS; most can.';
    problems.push({ code: 'clear-text-password', severity: 'warning', message, hint, path: [...path, 'tls'] });
  }
  return problems;
}

/** Secrets besides the password. */
function checkWritten({ proxy, dkim }: Readonly<Record<string, Raw>>, path: Path): readonly Problem[] {
  const problem = (what: string, hint: string, ...keys: string[]): Problem => {
    const message = `${what} stands in this file in clear text`;
    return { code: 'secret-in-file', severity: 'warning', message, hint, path: [...path, ...keys], part: 'key' };
  };
  const store = 'Store it with `postrider secret set NAME` and write';
  const key = isMapping(dkim) ? dkim['key'] : undefined;
  return [
    ...(typeof proxy === 'string' && withoutWrittenPassword(proxy) !== proxy
      ? [problem('the password of the proxy', `${store} user:\${{ secrets.NAME }}@ before the host.`, 'proxy')]
      : []),
    ...(typeof key === 'string' && key !== '' && !hasExpression(key)
      ? [problem('the private key of `dkim`', `${store} \`\${{ secrets.NAME }}\`.`, 'dkim', 'key')]
      : []),
  ];
}

/** Says for which kind of server a key is unknown, and what a fingerprint looks like. */
function nameType(problem: Problem, type: Protocol): Problem {
  if (problem.code === 'unknown-key') {
    const key = String(problem.path.at(-1));
    const owners = (['ftp', 'pop3', 'smtp'] as const).filter(other => key in connectionSchemas[other].shape);
    const message = `unknown key \`${printable(key)}\` in a connection of type ${type}`;
    return owners.length === 0
      ? { ...problem, message }
      : { ...problem, message, hint: `Only connections of type ${owners.join(' and ')} have it.` };
  }
  if (problem.path.at(-1) !== 'fingerprint' || problem.code !== 'wrong-value') return problem;
  const hint = 'Write sha256: and 64 hexadecimal digits; `openssl x509 -noout -fingerprint -sha256` prints them.';
  return { ...problem, code: 'bad-fingerprint', message: '`fingerprint` is no SHA-256 fingerprint', hint };
}

/** The servers of others are not signed in to. */
function checkDirect(raw: Readonly<Record<string, Raw>>, path: Path): readonly Problem[] {
  return ['host', 'user', 'password', 'oauth2', 'tls', 'tls-max', 'port', 'fingerprint']
    .filter(key => key in raw)
    .map(key => ({
      code: 'contradiction',
      message: `\`delivery: direct\` finds its servers itself; it has no \`${key}\``,
      hint: 'Remove one of them.',
      path: [...path, key],
      part: 'key' as const,
    }));
}

function badName(name: string, path: Path): Problem {
  const message = `"${printable(name)}" cannot be the name of a connection`;
  return { code: 'bad-name', message, hint: `Use ${IDENTIFIER_WORDS}.`, path, part: 'key' };
}
