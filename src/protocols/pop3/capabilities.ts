// What CAPA tells (RFC 2449): a list of words that may change after TLS and after sign-in.

export interface Capabilities {
  readonly pipelining: boolean;
  readonly stls: boolean;
  readonly top: boolean;
  readonly uidl: boolean;
  /** Without being asked to by UTF8, it may give something else for a mail with such a header (RFC 6856 section 3). */
  readonly utf8: boolean;
  /** Mechanisms of AUTH, upper case. */
  readonly sasl: readonly string[];
  /** Days that the server keeps messages; 0 means that a retrieved message may be gone after QUIT (RFC 2449 section 6.7). */
  readonly expireDays?: number;
  /** Seconds between two sign-ins. */
  readonly loginDelayS?: number;
  readonly implementation?: string;
  /** Every line as told: upper-case name and the rest. */
  readonly all: ReadonlyMap<string, string>;
}

export const NO_CAPABILITIES: Capabilities = parseCapabilities([]);

/** Unknown names are kept, never an error; a name told twice counts once, with both values. */
export function parseCapabilities(lines: readonly string[]): Capabilities {
  const all = new Map<string, string>();
  for (const line of lines) {
    const [, name = '', value = ''] = /^\s*(\S+)\s*(.*)$/s.exec(line) ?? [];
    const key = name.toUpperCase();
    const known = all.get(key);
    if (key !== '') all.set(key, known === undefined ? value.trim() : `${known} ${value.trim()}`.trim());
  }
  const expireDays = leadingNumber(all.get('EXPIRE'));
  const loginDelayS = leadingNumber(all.get('LOGIN-DELAY'));
  const implementation = all.get('IMPLEMENTATION');
  return {
    pipelining: all.has('PIPELINING'),
    stls: all.has('STLS'),
    top: all.has('TOP'),
    uidl: all.has('UIDL'),
    utf8: all.has('UTF8'),
    sasl: (all.get('SASL') ?? '').toUpperCase().split(/\s+/).filter(Boolean),
    ...(expireDays === undefined ? {} : { expireDays }),
    ...(loginDelayS === undefined ? {} : { loginDelayS }),
    ...(implementation === undefined ? {} : { implementation }),
    all,
  };
}

function leadingNumber(value: string | undefined): number | undefined {
  const digits = /^\d{1,9}/.exec(value ?? '')?.[0];
  return digits === undefined ? undefined : Number(digits);
}
