// Which servers take the mail of a domain (RFC 5321 section 5.1): its MX records by preference, else the domain itself.
import { Resolver } from 'node:dns/promises';
import { AppError } from '../../core/errors.ts';
import { type Random, systemRandom } from '../../core/random.ts';

/** In the order to try. Throws AppError `domain-missing`, `domain-takes-no-mail`, `name-lookup-failed`. */
export type MailHosts = (domain: string) => Promise<readonly string[]>;

/** What is asked of a name server; replaced in tests. Rejects with Node's error. */
export interface MailRecords {
  mx(domain: string): Promise<readonly { readonly exchange: string; readonly priority: number }[]>;
  /** Whether the name has an address, of either kind. */
  hasAddress(domain: string): Promise<boolean>;
}

/** More servers than this are a mistake, or worse. */
const HOSTS_MAX = 20;
const LOOKUP_MS = 5_000;
const LOOKUP_TRIES = 3;
/** There is no such record, or no such name. */
const NONE: ReadonlySet<string> = new Set(['ENODATA', 'ENOTFOUND']);

/** An address in brackets (RFC 5321 section 4.1.3) is its own host; of a domain at most HOSTS_MAX are given. */
export function mailHosts(records: MailRecords = dnsRecords(), random: Random = systemRandom): MailHosts {
  return async domain => {
    if (domain.startsWith('[')) return [domain.replace(/^\[(?:IPv6:)?|\]$/gi, '')];
    const found = await lookUp(domain, () => records.mx(domain));
    return found.length > 0 ? byPreference(found, domain, random) : implicit(domain, records);
  };
}

async function implicit(domain: string, records: MailRecords): Promise<readonly string[]> {
  const addresses = await lookUp(domain, async () => ((await records.hasAddress(domain)) ? [domain] : []));
  if (addresses.length > 0) return addresses;
  throw new AppError('domain-missing', `nobody takes mail for ${domain}: it has neither an MX record nor an address`, {
    hint: 'Check the address for a typing mistake.',
  });
}

/** Equal preferences in any order, so that the load spreads; a lone `.` says that the domain takes no mail (RFC 7505). */
function byPreference(
  records: readonly { readonly exchange: string; readonly priority: number }[],
  domain: string,
  random: Random,
): readonly string[] {
  const hosts = records
    .map(({ exchange, priority }) => ({ host: exchange.replace(/\.$/, ''), priority, lot: random.fraction() }))
    .filter(({ host }) => /^[A-Za-z0-9._-]{1,253}$/.test(host))
    .sort((a, b) => a.priority - b.priority || a.lot - b.lot);
  if (hosts.length > 0) return hosts.slice(0, HOSTS_MAX).map(({ host }) => host);
  throw new AppError('domain-takes-no-mail', `${domain} says that it takes no mail (null MX)`, {
    hint: 'Check the address for a typing mistake.',
  });
}

async function lookUp<T>(domain: string, ask: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await ask();
  } catch (cause) {
    if (NONE.has((cause as NodeJS.ErrnoException).code ?? '')) return [];
    throw new AppError('name-lookup-failed', `the mail servers of ${domain} cannot be looked up just now`, {
      retry: 'later',
      hint: 'Check this machine’s DNS; the mail is tried again.',
      cause,
    });
  }
}

function dnsRecords(): MailRecords {
  const resolver = new Resolver({ timeout: LOOKUP_MS, tries: LOOKUP_TRIES });
  const some = async (ask: Promise<readonly string[]>) => {
    try {
      return (await ask).length > 0;
    } catch (error) {
      if (NONE.has((error as NodeJS.ErrnoException).code ?? '')) return false;
      throw error;
    }
  };
  return {
    mx: domain => resolver.resolveMx(domain),
    hasAddress: async domain => (await some(resolver.resolve4(domain))) || some(resolver.resolve6(domain)),
  };
}
