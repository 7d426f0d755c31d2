// Mail addresses taken apart strictly (RFC 5321 section 4.1.2, RFC 6531 section 3.3) and written anew, so that nothing is passed through.
import { domainToASCII } from 'node:url';
import { printable } from '../../core/text.ts';

export interface SmtpAddress {
  /** The local part as it is meant: unquoted, unescaped. */
  readonly local: string;
  /** ASCII, lower case: `example.org`, `xn--…`, `[192.0.2.1]`, `[IPv6:2001:db8::1]`. */
  readonly domain: string;
  /** True when the local part is not ASCII: such an address needs SMTPUTF8. */
  readonly utf8: boolean;
}

/** RFC 5321 section 4.5.3.1: octets of local part, domain, and of a path without its angle brackets. */
const LOCAL_BYTES_MAX = 64;
const DOMAIN_BYTES_MAX = 255;
const ADDRESS_BYTES_MAX = 254;

const DOT_STRING = /^[\w!#$%&'*+/=?^`{|}~\u{80}-\u{10ffff}-]+(?:\.[\w!#$%&'*+/=?^`{|}~\u{80}-\u{10ffff}-]+)*$/u;
const ASCII = /^[\x00-\x7f]*$/;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const IPV4_LITERAL = /^\[(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!\])|(?=\]))){4}\]$/;
const IPV6_LITERAL = /^\[ipv6:([0-9a-f:.]{2,45})\]$/i;

/** The address in its parts, or undefined when the text is no address. */
export function parseAddress(text: string): SmtpAddress | undefined {
  if (text.length > ADDRESS_BYTES_MAX || printable(text) !== text) return undefined;
  const [local, rest] = text.startsWith('"') ? quotedLocal(text) : plainLocal(text);
  if (local === undefined || !rest.startsWith('@')) return undefined;
  const domain = parseDomain(rest.slice(1));
  if (domain === undefined || Buffer.byteLength(local) > LOCAL_BYTES_MAX) return undefined;
  const address = { local, domain, utf8: !ASCII.test(local) };
  return Buffer.byteLength(formatAddress(address)) <= ADDRESS_BYTES_MAX ? address : undefined;
}

/** The only form in which an address reaches a command or a header. */
export function formatAddress({ local, domain }: SmtpAddress): string {
  const written = DOT_STRING.test(local) ? local : `"${local.replace(/["\\]/g, '\\$&')}"`;
  return `${written}@${domain}`;
}

/** A host name as EHLO may say it: a domain or an address literal, in ASCII; undefined when it is neither. */
export function parseDomain(text: string): string | undefined {
  if (text.startsWith('[')) return addressLiteral(text);
  if (!/^[a-z0-9.\u{80}-\u{10ffff}-]+$/iu.test(text)) return undefined;
  const domain = ASCII.test(text) ? text.toLowerCase() : domainToASCII(text);
  if (domain.length === 0 || domain.length > DOMAIN_BYTES_MAX) return undefined;
  const labels = domain.split('.');
  return labels.every(label => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '') ? domain : undefined;
}

type Split = readonly [local: string | undefined, rest: string];

function plainLocal(text: string): Split {
  const at = text.indexOf('@');
  const local = text.slice(0, at);
  return at > 0 && DOT_STRING.test(local) ? [local, text.slice(at)] : [undefined, ''];
}

/** `"any text with \" and \\"`; an empty quoted string is no name. */
function quotedLocal(text: string): Split {
  let local = '';
  for (let at = 1; at < text.length; at++) {
    const char = text[at];
    if (char === '"') return local === '' ? [undefined, ''] : [local, text.slice(at + 1)];
    if (char === '\\') {
      at += 1;
      if (!/^[\x20-\x7e]$/.test(text[at] ?? '')) return [undefined, ''];
    }
    local += text[at] ?? '';
  }
  return [undefined, ''];
}

function addressLiteral(text: string): string | undefined {
  if (IPV4_LITERAL.test(text)) return text;
  const address = IPV6_LITERAL.exec(text)?.[1];
  return address !== undefined && URL.canParse(`http://[${address}]/`) ? `[IPv6:${address.toLowerCase()}]` : undefined;
}
