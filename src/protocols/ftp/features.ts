// What the server says it can do: the lines of FEAT (RFC 2389 section 3).
import type { Reply } from '../wire/reply.ts';

export interface FtpFeatures {
  /** False when the server does not know FEAT: nothing below is proven either way. */
  readonly known: boolean;
  /** MLSD and MLST (RFC 3659 section 7). */
  readonly mlst: boolean;
  /** The facts of MLST, lower case. */
  readonly facts: readonly string[];
  readonly mfmt: boolean;
  readonly mdtm: boolean;
  readonly size: boolean;
  /** REST STREAM. */
  readonly rest: boolean;
  readonly utf8: boolean;
  readonly epsv: boolean;
  /** Algorithms of HASH, upper case. */
  readonly hash: readonly string[];
  /** Every line: name in upper case to its parameters. */
  readonly all: ReadonlyMap<string, string>;
}

/** Lines start with a blank on good servers and without one on others; names are case-insensitive. */
export function parseFeatures(reply: Reply): FtpFeatures {
  const known = reply.code === 211;
  const all = new Map<string, string>();
  if (known) {
    for (const line of reply.lines.slice(1, -1)) {
      const match = /^\s*(?:211-)?\s*([A-Za-z0-9_.-]+)(?:[ \t]+(.*))?$/.exec(line);
      if (match?.[1] !== undefined) all.set(match[1].toUpperCase(), (match[2] ?? '').trim());
    }
  }
  const mlst = all.get('MLST');
  return {
    known,
    mlst: mlst !== undefined || all.has('MLSD'),
    facts: words(mlst, ';').map(fact => fact.replace('*', '').toLowerCase()),
    mfmt: all.has('MFMT'),
    mdtm: all.has('MDTM'),
    size: all.has('SIZE'),
    rest: /\bSTREAM\b/i.test(all.get('REST') ?? ''),
    utf8: all.has('UTF8') || all.has('UTF-8'),
    epsv: all.has('EPSV'),
    hash: words(all.get('HASH'), ';').map(name => name.replace('*', '').toUpperCase()),
    all,
  };
}

function words(text: string | undefined, separator: string): string[] {
  return (text ?? '')
    .split(separator)
    .map(word => word.trim())
    .filter(word => word !== '');
}
