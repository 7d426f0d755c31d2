// Secrets that stand in a connection as they are, and not as expressions.
import type { Connection } from '../job.ts';
import { hasExpression } from '../template.ts';

const SIGN_IN = /^(\w+:\/\/(?:\$\{\{.*?\}\}|[^:])*?):(.+)(@[^@]*)$/s;

export function holdsWrittenSecret({ password, proxy, dkim }: Connection): boolean {
  const open = [password, dkim?.key].some(text => text !== undefined && !hasExpression(text));
  return open || (proxy !== undefined && withoutWrittenPassword(proxy) !== proxy);
}

/** A proxy as its connection names it, without its password; the same text when there is none. */
export function withoutWrittenPassword(proxy: string): string {
  const [, user = '', password = '', host = ''] = SIGN_IN.exec(proxy) ?? [];
  return password === '' || hasExpression(password) ? proxy : `${user}${host}`;
}
