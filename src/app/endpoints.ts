// A connection of a job → the Endpoint that a client needs: expressions evaluated, secrets fetched, clear text warned about.
import { AppError } from '../core/errors.ts';
import { type Redactor, Secret } from '../core/secret.ts';
import { type ExpressionContext, interpolate, secretsIn, textOf } from '../job/expressions.ts';
import type { Connection, Job, Raw } from '../job/job.ts';
import { piecesOf } from '../job/template.ts';
import { addressOf, type Endpoint, isLoopback, type ProxyHop, type TokenSupplier } from '../protocols/net/endpoint.ts';
import { parseProxy } from '../protocols/net/proxy.ts';
import type { NoteLevel } from '../steps/step.ts';

export interface EndpointDependencies {
  readonly job: Pick<Job, 'name' | 'connections'>;
  readonly resolveSecret: (name: string) => Promise<Secret>;
  /** Access tokens of an OAuth2 account; it adds them to the redactor by itself. */
  readonly tokensOf: (account: string) => TokenSupplier;
  readonly redactor: Redactor;
  readonly vars: Readonly<Record<string, Raw>>;
  readonly env: Readonly<Record<string, string>>;
  readonly runId: string;
}

type Note = (level: NoteLevel, message: string) => void;

/** Opens connections by name for the steps of one run. */
export function endpointResolver(dependencies: EndpointDependencies): (name: string, note: Note) => Promise<Endpoint> {
  const warned = new Set<string>();
  return async (name, note) => {
    const connection = dependencies.job.connections[name];
    if (connection === undefined) throw new AppError('connection-unknown', `there is no connection named ${name}`);
    const endpoint = await resolveEndpoint(connection, dependencies);
    if (sendsPasswordInClear(endpoint) && !warned.has(name)) {
      warned.add(name);
      note(
        'warning',
        `${name}: the ${endpoint.token === undefined ? 'password' : 'access token'} goes to ${addressOf(endpoint)} in clear text, because the connection says \`tls: none\``,
      );
    }
    return endpoint;
  };
}

async function resolveEndpoint(connection: Connection, dependencies: EndpointDependencies): Promise<Endpoint> {
  const { password, user, oauth2, proxy, dkim, ...rest } = connection;
  const context = await expressionContextOf(secretsOfConnection(connection), dependencies);
  const read = (value: string) => asText(interpolate(value, context));
  const endpoint: Endpoint = {
    ...rest,
    host: read(connection.host),
    ...(user === undefined ? {} : { user: read(user) }),
    ...(proxy === undefined ? {} : { proxy: proxyOf(proxyText(proxy, context), dependencies.redactor) }),
    ...(dkim === undefined ? {} : { dkim: { ...dkim, key: kept(read(dkim.key), dependencies.redactor) } }),
  };
  if (oauth2 !== undefined) return { ...endpoint, token: dependencies.tokensOf(oauth2) };
  if (password === undefined) return endpoint;
  return { ...endpoint, password: kept(read(password), dependencies.redactor) };
}

/** Those that its expressions name, in whatever setting they may stand. */
export function secretsOfConnection({ host, user = '', password = '', proxy = '', dkim }: Connection): readonly string[] {
  return secretsIn([host, user, password, proxy, dkim?.key ?? '']);
}

function kept(text: string, redactor: Redactor): Secret {
  const secret = new Secret(text);
  redactor.add(secret);
  return secret;
}

/** Before the last `@`, expressions stand for a user or a password, whose `%` begins no percent-encoding. */
function proxyText(proxy: string, context: ExpressionContext): string {
  const pieces = piecesOf(proxy);
  const host = pieces.findLastIndex(piece => piece.kind === 'text' && piece.text.includes('@'));
  const worth = (expression: string) => textOf(`\${{${expression}}}`, context);
  return pieces
    .map(({ kind, text }, index) => {
      if (kind === 'text') return text;
      return index < host ? worth(text).replaceAll('%', '%25') : worth(text);
    })
    .join('');
}

function proxyOf(text: string, redactor: Redactor): ProxyHop {
  const proxy = parseProxy(text);
  if (proxy.password !== undefined && proxy.password.reveal() !== '') redactor.add(proxy.password);
  return proxy;
}

/** What expressions outside of steps may see: vars, env, and the secrets named. Throws AppError `secret-missing`. */
export async function expressionContextOf(
  names: readonly string[],
  { job, resolveSecret, redactor, vars, env, runId }: EndpointDependencies,
): Promise<ExpressionContext> {
  const secrets: Record<string, string> = {};
  for (const name of names) {
    const secret = await resolveSecret(name);
    redactor.add(secret);
    secrets[name] = secret.reveal();
  }
  return {
    vars,
    env,
    secrets,
    job: { name: job.name },
    run: { id: runId },
    steps: {},
    status: { success: true, failure: false, cancelled: false },
  };
}

function asText(value: Raw): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new AppError('config-invalid', 'an expression of a connection gave no text');
}

export function sendsPasswordInClear({ tls, password, token, host }: Endpoint): boolean {
  return tls === 'none' && (password ?? token) !== undefined && !isLoopback(host);
}
