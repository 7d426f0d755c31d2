// A URL or `@name` on the command line → the Endpoint that a client needs, with its password, and the path on it.
import { join } from 'node:path';
import { type Diagnostic, didYouMean } from '../../core/diagnostic.ts';
import { AppError } from '../../core/errors.ts';
import { Secret } from '../../core/secret.ts';
import { checkConnections } from '../../job/checks/connection-check.ts';
import { normaliseConnections } from '../../job/connection-defaults.ts';
import type { Connection, Raw } from '../../job/job.ts';
import { askHidden } from '../../progress/prompt.ts';
import { addressOf, type Endpoint, type Protocol } from '../../protocols/net/endpoint.ts';
import { publicEnvironment } from '../../secrets/environment.ts';
import { endpointResolver, sendsPasswordInClear } from '../endpoints.ts';
import { tokensOf } from '../secrets/accounts.ts';
import { secretsOf } from '../secrets/secrets.ts';
import type { OneOff } from './oneoff.ts';
import { parseTarget, type TargetText } from './target-text.ts';

export interface Target {
  readonly endpoint: Endpoint;
  /** As it must be said to the server; '' where none was written. */
  readonly path: string;
}

const PROTOCOL_NAMES: Readonly<Record<Protocol, string>> = { ftp: 'FTP', pop3: 'POP3', smtp: 'SMTP' };

/** connections.yaml is wrong; `diagnostics` says all that is. */
class InvalidConnectionsError extends AppError {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super('config-invalid', `${diagnostics[0]?.file ?? 'connections.yaml'} cannot be used`, {
      hint: 'Correct the file and try again.',
    });
    this.diagnostics = diagnostics;
  }
}

/** Throws AppError `usage`, `connection-unknown`, `config-invalid`, `secret-missing`. */
export async function resolveTarget(text: string, type: Protocol, one: OneOff): Promise<Target> {
  const parsed = parseTarget(text, type);
  const connection = await connectionOf(parsed, one);
  if (connection.type !== type) {
    throw new AppError(
      'usage',
      `${connection.name} speaks ${PROTOCOL_NAMES[connection.type]}, but this command needs ${PROTOCOL_NAMES[type]}`,
      {
        hint: `Write ${type}://… or the name of a connection of type ${type}.`,
      },
    );
  }
  const endpoint = await signedIn(connection, one);
  if (endpoint.password !== undefined) one.redactor.add(endpoint.password);
  if (sendsPasswordInClear(endpoint)) one.say(`warning: the password goes to ${addressOf(endpoint)} in clear text (tls=none)`);
  return { endpoint, path: parsed.path };
}

/** A connection in two steps, for who looks at the server first. */
export interface Connecting {
  /** Without its sign-in. */
  readonly anonymous: Endpoint;
  /** With it. Throws AppError `secret-missing` and the like. */
  signedIn(): Promise<Endpoint>;
}

/** Of any protocol. Throws AppError `usage`, `connection-unknown`, `config-invalid`, and `secret-missing` for what host and port need. */
export async function connectionNamed(text: string, one: OneOff): Promise<Connecting> {
  const connection = await connectionOf(parseTarget(text), one);
  const { user, password, oauth2, ...rest } = connection;
  const inFull = async () => {
    const endpoint = await signedIn(connection, one);
    if (endpoint.password !== undefined) one.redactor.add(endpoint.password);
    return endpoint;
  };
  return { anonymous: await resolved(rest, one), signedIn: inFull };
}

async function connectionOf(parsed: TargetText, one: OneOff): Promise<Connection> {
  return parsed.kind === 'url' ? urlConnection(parsed.settings, one) : namedConnection(parsed.name, one);
}

function urlConnection(settings: Readonly<Record<string, Raw>>, { workspace }: OneOff): Connection {
  const name = String(settings['host']);
  if (Object.values(settings).some(value => typeof value === 'string' && value.includes('${{'))) {
    throw new AppError('usage', 'a URL holds no expressions', {
      hint: 'Use @name and connections.yaml for ${{ secrets.NAME }}.',
    });
  }
  const scope = { place: 'a URL', condition: false, contexts: [], ended: new Set<string>(), steps: new Set<string>() } as const;
  const problem = checkConnections({ url: settings }, [], scope).find(({ severity }) => severity !== 'warning');
  if (problem !== undefined) {
    const hint = problem.hint === undefined ? {} : { hint: problem.hint };
    throw new AppError('usage', `the URL cannot be used: ${problem.message}`, hint);
  }
  const connection = normaliseConnections({ [name]: settings }, workspace.cwd)[name];
  if (connection === undefined) throw new AppError('usage', 'the URL cannot be used');
  return connection;
}

/** From connections.yaml of the jobs folder, then of the current one. */
async function namedConnection(name: string, { workspace }: OneOff): Promise<Connection> {
  // Reading YAML takes time to load, and a URL needs none of it.
  const { loadSharedConnections } = await import('../../job/shared-connections.ts');
  const known: string[] = [];
  for (const folder of new Set([workspace.jobsDir, workspace.cwd])) {
    const { connections, diagnostics } = await loadSharedConnections(folder);
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    if (connections === undefined || errors.length > 0) throw new InvalidConnectionsError(errors);
    const raw = Object.hasOwn(connections, name) ? connections[name] : undefined;
    const found = raw === undefined ? undefined : normaliseConnections({ [name]: raw }, folder)[name];
    if (found !== undefined) return found;
    known.push(...Object.keys(connections));
  }
  throw unknownConnection(name, known, workspace);
}

function unknownConnection(name: string, known: readonly string[], { jobsDir, cwd }: OneOff['workspace']): AppError {
  const near = didYouMean(name, known);
  const files = [...new Set([jobsDir, cwd])].map(folder => join(folder, 'connections.yaml'));
  const hint =
    near !== undefined
      ? `Did you mean @${near}?`
      : known.length === 0
        ? `Looked for ${files.join(' and ')}; choose another folder with --jobs DIR, or write a URL.`
        : `Known are ${known.map(other => `@${other}`).join(', ')}.`;
  return new AppError('connection-unknown', `there is no connection named ${name}`, { hint });
}

/** The password: from stdin when the user said so, else the connection's own secret, POSTRIDER_PASSWORD, or whoever sits at the terminal. */
async function signedIn(connection: Connection, one: OneOff): Promise<Endpoint> {
  const { password: own, oauth2, ...rest } = connection;
  const given = await one.passwordGiven?.();
  if (oauth2 !== undefined && given === undefined) return resolved(connection, one);
  if (own === undefined || given !== undefined) {
    return withPassword(await resolved(rest, one), given ?? fromEnvironment(one), one);
  }
  try {
    return await resolved(connection, one);
  } catch (error) {
    const instead = fromEnvironment(one);
    if (!(error instanceof AppError) || error.code !== 'secret-missing') throw error;
    if (instead === undefined && !one.interactive) throw error;
    return withPassword(await resolved(rest, one), instead, one);
  }
}

function resolved(connection: Connection, { workspace, redactor, interactive }: OneOff): Promise<Endpoint> {
  const job = { name: 'one-off', connections: { [connection.name]: connection } };
  const secrets = secretsOf(workspace);
  if (interactive) secrets.askPerson();
  const env = publicEnvironment(workspace.env);
  const resolve = endpointResolver({
    ...{ job, redactor, vars: {}, env, runId: '' },
    resolveSecret: name => secrets.resolve(name),
    tokensOf: account => tokensOf(account, workspace, redactor),
  });
  return resolve(connection.name, () => undefined);
}

function fromEnvironment({ workspace }: OneOff): Secret | undefined {
  const value = workspace.env['POSTRIDER_PASSWORD'];
  return value === undefined || value === '' ? undefined : new Secret(value);
}

async function withPassword(endpoint: Endpoint, password: Secret | undefined, { interactive }: OneOff): Promise<Endpoint> {
  const { user } = endpoint;
  if (user === undefined || (endpoint.type === 'ftp' && password === undefined && ANONYMOUS.has(user))) return endpoint;
  if (password !== undefined) return { ...endpoint, password };
  if (!interactive) {
    throw new AppError('secret-missing', `there is no password for ${user} at ${addressOf(endpoint)}`, {
      hint: 'Set POSTRIDER_PASSWORD, pipe it in with --password-stdin, or run this on a terminal and be asked.',
    });
  }
  return { ...endpoint, password: new Secret(await askHidden(`Password for ${user} at ${addressOf(endpoint)}: `)) };
}

const ANONYMOUS: ReadonlySet<string> = new Set(['anonymous', 'ftp']);
