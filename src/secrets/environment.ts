// Secrets handed over in environment variables: POSTRIDER_SECRET_<NAME>.

/** `POSTRIDER_SECRET_` and the name in capitals, every `-` an `_`. */
export function environmentName(name: string): string {
  return `POSTRIDER_SECRET_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** Undefined when the variable is absent or empty. */
export function secretFromEnvironment(name: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const value = env[environmentName(name)];
  return value === '' ? undefined : value;
}
