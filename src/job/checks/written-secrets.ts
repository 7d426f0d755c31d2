// Secrets that stand in a connection as they are, and not as expressions.
import type { Connection } from '../job.ts';
import { hasExpression } from '../template.ts';

const SECRET_WORD = '(?:pass|passwd|passphrase|password|pwd|secret|token|key)';
const SECRET_KEY = new RegExp(`${SECRET_WORD}$`, 'i');
/** Such a key up to its value. */
const BEFORE = `(?:^|[\\s{,])["']?[\\w-]*${SECRET_WORD}["']?\\s*:\\s+`;
const QUOTED = `"(?:[^"\\\\]|\\\\.)*"?|'(?:[^']|'')*'?`;
/** Unquoted it ends with its line, between braces with the next comma. */
const IN_BLOCK = new RegExp(`(${BEFORE})(${QUOTED}|[^\\s{#"'].*)`, 'gi');
const IN_BRACES = new RegExp(`(${BEFORE})(${QUOTED}|[^\\s{#"'][^,}]*?(?=\\s*(?:[,}]|$)))`, 'gi');
const URL_SIGN_IN = /(:\/\/(?:\$\{\{.*?\}\}|[^\s:/@])*:)([^\s/]+)(?=@)/g;

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

export function isSecretKey(key: string | number | undefined): boolean {
  return typeof key === 'string' && SECRET_KEY.test(key);
}

/** A line of a file with a star for every character of a password. */
export function starred(line: string): string {
  return starredUrl(line.replace(/[{[]/.test(line) ? IN_BRACES : IN_BLOCK, stars));
}

/** The same for passwords in URLs alone. */
export function starredUrl(text: string): string {
  return text.replace(URL_SIGN_IN, stars);
}

function stars(all: string, before: string, value: string): string {
  return hasExpression(value) ? all : before + '*'.repeat(value.length);
}
