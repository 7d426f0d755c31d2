// The arguments of MAIL and RCPT, read strictly (RFC 5321 section 4.1.1): path, then ESMTP parameters.
import { Refusal } from '../refusal.ts';

/** Bytes of one message; also said in EHLO (RFC 1870). */
export const MESSAGE_BYTES_MAX = 52_428_800;

const LOCAL_PART_BYTES_MAX = 64;
const PATH_BYTES_MAX = 254;
const PARAMETERS_MAX = 10;

export interface Sender {
  /** Empty for the null sender. */
  readonly address: string;
  readonly eightBit: boolean;
  readonly utf8: boolean;
}

/** `FROM:<address> SIZE=… BODY=… SMTPUTF8`; refuses with the reply that fits. */
export function readSender(argument: string): Sender {
  const { path, parameters } = readPath(argument, 'FROM');
  let eightBit = false;
  let utf8 = false;
  for (const parameter of parameters) {
    const [key = '', value] = parameter.toUpperCase().split('=', 2);
    if (key === 'SIZE' && /^\d{1,20}$/.test(value ?? '')) refuseTooLarge(Number(value));
    else if (key === 'BODY' && (value === '7BIT' || value === '8BITMIME')) eightBit = value === '8BITMIME';
    else if (parameter.toUpperCase() === 'SMTPUTF8') utf8 = true;
    else if (key !== 'AUTH' || value === undefined) throw new Refusal(`555 5.5.4 Unknown parameter ${key.slice(0, 20)}`);
  }
  if (path !== '') checkAddress(path, utf8, '5.1.7');
  return { address: path, eightBit, utf8 };
}

/** `TO:<address>`; `<postmaster>` needs no domain (RFC 5321 section 4.1.1.3). */
export function readRecipient(argument: string, utf8: boolean): string {
  const { path, parameters } = readPath(argument, 'TO');
  if (parameters.length > 0) throw new Refusal('555 5.5.4 RCPT takes no parameters here');
  if (/^postmaster$/i.test(path)) return path;
  checkAddress(path, utf8, '5.1.3');
  return path;
}

function refuseTooLarge(bytes: number): void {
  if (bytes > MESSAGE_BYTES_MAX) throw new Refusal(`552 5.3.4 A message may have ${MESSAGE_BYTES_MAX} bytes`);
}

function readPath(argument: string, word: 'FROM' | 'TO'): { readonly path: string; readonly parameters: readonly string[] } {
  const match = /^(FROM|TO):<([^<>]*)>(?: +(.*))?$/i.exec(argument);
  if (match === null || match[1]?.toUpperCase() !== word) throw new Refusal(`501 5.5.4 Write ${word}:<address>`);
  const parameters = (match[3] ?? '').split(' ').filter(parameter => parameter !== '');
  if (parameters.length > PARAMETERS_MAX) throw new Refusal('555 5.5.4 Too many parameters');
  return { path: match[2] ?? '', parameters };
}

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\u0080-\\u{10ffff}-]+";
const DOT_ATOM = `${ATOM}(?:\\.${ATOM})*`;
const QUOTED = '"(?:[^"\\\\\\u0000-\\u001f\\u007f]|\\\\[\\u0020-\\u007e])*"';
const LABEL = '[A-Za-z0-9\\u0080-\\u{10ffff}](?:[A-Za-z0-9\\u0080-\\u{10ffff}-]{0,61}[A-Za-z0-9\\u0080-\\u{10ffff}])?';
const ADDRESS = new RegExp(`^(${DOT_ATOM}|${QUOTED})@(?:${LABEL}(?:\\.${LABEL})*|\\[[A-Za-z0-9.:]+\\])$`, 'u');

function checkAddress(path: string, utf8: boolean, status: string): void {
  const match = ADDRESS.exec(path);
  if (match === null || Buffer.byteLength(path) > PATH_BYTES_MAX || Buffer.byteLength(match[1] ?? '') > LOCAL_PART_BYTES_MAX) {
    throw new Refusal(`${status === '5.1.3' ? 501 : 553} ${status} That is no address`);
  }
  if (!utf8 && /[^\0-\x7f]/.test(path)) throw new Refusal('553 5.6.7 A non-ASCII address needs SMTPUTF8');
}
