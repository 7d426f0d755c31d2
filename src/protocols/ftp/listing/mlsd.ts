// Lines of MLSD: `fact=value;fact=value; name` (RFC 3659 section 7.2).
import { parseTime } from '../time.ts';
import { entry, type FtpEntry, type ParsedLine } from './entry.ts';

/** The name is everything after the first space, further blanks included; facts are case-insensitive, unknown ones ignored. */
export function parseMlsdLine(line: string): ParsedLine {
  const space = line.indexOf(' ');
  if (space === -1 || space === line.length - 1) return undefined;
  const facts = parseFacts(line.slice(0, space));
  if (facts === undefined) return undefined;
  const name = line.slice(space + 1);
  const [kind = '', ...detail] = (facts.get('type') ?? '').split('=');
  const type = kind.toLowerCase();
  if (type === 'cdir' || type === 'pdir') return 'skip';
  const link = type === 'os.unix' ? /^s(?:ym)?link(?::(.*))?$/is.exec(detail.join('=')) : null;
  const time = parseTime(facts.get('modify') ?? '');
  return entry(name, link === null ? (TYPES[type] ?? 'other') : 'link', {
    size: type === 'file' ? wholeNumber(facts.get('size')) : undefined,
    modifiedAt: time?.at,
    precisionMs: time?.precisionMs,
    mode: octal(facts.get('unix.mode')),
    target: link?.[1] === '' ? undefined : link?.[1],
  });
}

const TYPES: Readonly<Record<string, FtpEntry['type']>> = { file: 'file', dir: 'folder', 'os.unix': 'other' };

function parseFacts(text: string): ReadonlyMap<string, string> | undefined {
  const facts = new Map<string, string>();
  for (const fact of text.split(';')) {
    if (fact === '') continue;
    const equals = fact.indexOf('=');
    if (equals <= 0) return undefined;
    facts.set(fact.slice(0, equals).toLowerCase(), fact.slice(equals + 1));
  }
  return facts;
}

function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

function octal(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-7]{1,6}$/.test(text) ? Number.parseInt(text, 8) & 0o7777 : undefined;
}
