// One status line of POP3 (RFC 1939 section 3) with its response code (RFC 2449 section 8, RFC 3206).
import { decodeText } from '../wire/reply.ts';

export interface Response {
  readonly ok: boolean;
  /** `IN-USE`, `SYS/TEMP`, …: upper case, without brackets; empty when the server gave none. */
  readonly code: string;
  /** What follows the status and the response code. */
  readonly text: string;
}

const STATUS = /^(\+OK|-ERR)(?:[ \t]+(.*)|)$/is;
const CHALLENGE = /^\+(?: +([A-Za-z0-9+/=]*) *)?$/;
const RESPONSE_CODE = /^\[([A-Za-z0-9/.-]{1,64})\][ \t]*/;

/** Undefined when the line is no status line. */
export function parseResponse(line: Buffer): Response | undefined {
  const match = STATUS.exec(decodeText(line));
  if (match === null) return undefined;
  const text = match[2] ?? '';
  const code = RESPONSE_CODE.exec(text);
  return {
    ok: match[1]?.startsWith('+') === true,
    code: code?.[1]?.toUpperCase() ?? '',
    text: (code === null ? text : text.slice(code[0].length)).trimEnd(),
  };
}

/** The challenge of an AUTH exchange: a line of plus, space and base64 (RFC 5034 section 4); undefined for any other line. */
export function parseChallenge(line: Buffer): string | undefined {
  const match = CHALLENGE.exec(line.toString('latin1'));
  return match === null ? undefined : (match[1] ?? '');
}
