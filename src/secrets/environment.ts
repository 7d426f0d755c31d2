// Secrets handed over in environment variables: POSTRIDER_SECRET_<NAME>.

const PREFIX = 'POSTRIDER_SECRET_';
/** Variables of postrider itself that hold a secret or open one. */
const PRIVATE = new Set(['POSTRIDER_PASSWORD', 'POSTRIDER_VAULT_PASSPHRASE']);

type Environment = Readonly<Record<string, string | undefined>>;

/** `POSTRIDER_SECRET_` and the name in capitals, every `-` an `_`. */
export function environmentName(name: string): string {
  return `${PREFIX}${name.toUpperCase().replaceAll('-', '_')}`;
}

/** Undefined when the variable is absent or empty. */
export function secretFromEnvironment(name: string, env: Environment): string | undefined {
  const value = env[environmentName(name)];
  return value === '' ? undefined : value;
}

/** The names, in small letters with `-`, of all secrets in the environment. */
export function secretsInEnvironment(env: Environment): readonly string[] {
  return Object.entries(env)
    .filter(([variable, value]) => variable.startsWith(PREFIX) && value !== '' && value !== undefined)
    .map(([variable]) => variable.slice(PREFIX.length).toLowerCase().replaceAll('_', '-'));
}

/** What expressions may read as `env`: everything but secrets, which are read as `secrets` and masked from then on. */
export function publicEnvironment<Value>(env: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith(PREFIX) && !PRIVATE.has(name)));
}
