// What a server offers in its answer to EHLO (RFC 5321 section 4.1.1.1).
import type { Reply } from '../wire/reply.ts';

export interface Extensions {
  /** RFC 2920: commands may be sent in groups. */
  readonly pipelining: boolean;
  /** RFC 3207. */
  readonly startTls: boolean;
  /** RFC 6152. */
  readonly eightBitMime: boolean;
  /** RFC 6531. */
  readonly smtpUtf8: boolean;
  /** RFC 1870: MAIL takes SIZE=. */
  readonly size: boolean;
  /** The greatest message in bytes; undefined when the server names no limit. */
  readonly sizeMax: number | undefined;
  /** RFC 4954: mechanisms in upper case. */
  readonly auth: ReadonlySet<string>;
  /** Every keyword in upper case. */
  readonly keywords: ReadonlySet<string>;
}

export const NO_EXTENSIONS: Extensions = readExtensions({ code: 250, lines: [''] });

/** The first line is the server's greeting; each other one a keyword with parameters, in any case. */
export function readExtensions(reply: Reply): Extensions {
  const offered = new Map<string, string[]>();
  for (const line of reply.lines.slice(1)) {
    const [keyword = '', ...parameters] = line
      .trim()
      .toUpperCase()
      .replace(/^AUTH=/, 'AUTH ')
      .split(/\s+/);
    offered.set(keyword, [...(offered.get(keyword) ?? []), ...parameters]);
  }
  const has = (keyword: string) => offered.has(keyword);
  return {
    pipelining: has('PIPELINING'),
    startTls: has('STARTTLS'),
    eightBitMime: has('8BITMIME'),
    smtpUtf8: has('SMTPUTF8'),
    size: has('SIZE'),
    sizeMax: sizeLimit(offered.get('SIZE')?.[0]),
    auth: new Set(offered.get('AUTH')),
    keywords: new Set(offered.keys()),
  };
}

/** 0 and a missing number mean "no fixed limit" (RFC 1870 section 4); a number beyond any message is none either. */
function sizeLimit(text: string | undefined): number | undefined {
  const limit = text !== undefined && /^\d{1,20}$/.test(text) ? Number(text) : 0;
  return limit > 0 && Number.isSafeInteger(limit) ? limit : undefined;
}
