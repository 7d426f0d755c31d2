// Lines of LIST as `ls -l` writes them, in the variants that FTP servers are known to send.
import { utc } from '../time.ts';
import { DAY_MS, entry, type FtpEntry, MINUTE_MS, type ParsedLine } from './entry.ts';

/** Type, permissions, ACL mark; then links, owner and group in any number of words; size or device; date; one blank; name. */
const HEAD = /^([-bcdlpsDwn])([-r][-w][-xsSlL][-r][-w][-xsSlL][-r][-w][-xtT])[+.@]?\s+/;
const DATE = [
  String.raw`([^\s\d.,:]{3,5})\.? +(\d{1,2}),? +(\d{1,2}:\d\d(?::\d\d)?|\d{4})`,
  String.raw`(\d{1,2})\.? +([^\s\d.,:]{3,5})\.? +(\d{1,2}:\d\d(?::\d\d)?|\d{4})`,
  // 月, 日 and 年: month, day and year in Chinese and Japanese.
  String.raw`(\d{1,2})\u6708 *(\d{1,2})\u65e5 +(\d{1,2}:\d\d|\d{4}\u5e74?)`,
  String.raw`(\d{4})-(\d\d)-(\d\d) +(\d\d):(\d\d)(?::\d\d(?:\.\d+)?)?(?: ([+-]\d{4}))?`,
].join('|');
/** Its groups by number: an object of named ones for every line takes longer than all the rest. */
const TAIL = new RegExp(String.raw`(?:^|\s)(?:(\d+)|\d+, *\d+) +(?:${DATE}) (.+)$`, 's');

/** `now` decides the year where the line has none. */
export function parseUnixLine(line: string, now: number): ParsedLine {
  if (/^total \d+/.test(line)) return 'skip';
  const head = HEAD.exec(line);
  if (head === null) return undefined;
  const tail = TAIL.exec(line.slice(head[0].length));
  if (tail === null) return undefined;
  const type = TYPES[head[1] ?? ''] ?? 'other';
  const listed = tail[17] ?? '';
  const [name, target] = type === 'link' ? splitLink(listed) : [listed, undefined];
  const { modifiedAt, precisionMs } = timeOf(tail, now);
  const size = type === 'file' ? Number(tail[1]) : undefined;
  return entry(name, type, { size, modifiedAt, precisionMs, mode: modeOf(head[2] ?? ''), target });
}

const TYPES: Readonly<Record<string, FtpEntry['type']>> = { '-': 'file', d: 'folder', l: 'link' };

function splitLink(text: string): readonly [name: string, target: string | undefined] {
  const arrow = text.indexOf(' -> ');
  return arrow <= 0 ? [text, undefined] : [text.slice(0, arrow), text.slice(arrow + 4)];
}

type ListedTime = Pick<FtpEntry, 'modifiedAt' | 'precisionMs'>;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

function timeOf(tail: readonly string[], now: number): ListedTime {
  const [, , month, day, when, day2, month2, when2, month3, day3, when3] = tail;
  if (month !== undefined) return unixTime(month, Number(day), when ?? '', now);
  if (month2 !== undefined) return unixTime(month2, Number(day2), when2 ?? '', now);
  if (month3 !== undefined) return unixTime(MONTHS[Number(month3) - 1] ?? '', Number(day3), (when3 ?? '').replace('年', ''), now);
  const at = utc(Number(tail[11]), Number(tail[12]), Number(tail[13]), Number(tail[14]), Number(tail[15]));
  return known(at === undefined ? undefined : at - zoneMs(tail[16] ?? '+0000'), MINUTE_MS);
}

/** `month` as its first three English letters; `when` is `hh:mm` of the last twelve months, or a year. Nothing for what is no date. */
export function unixTime(month: string, day: number, when: string, now: number): ListedTime {
  const number = MONTHS.indexOf(month.toLowerCase()) + 1;
  if (number === 0) return {};
  if (!when.includes(':')) return known(utc(Number(when), number, day), DAY_MS);
  const [hour, minute] = when.split(':');
  return known(
    lastOccurrence(now, year => utc(year, number, day, Number(hour), Number(minute))),
    MINUTE_MS,
  );
}

/** A line without a year is of the last twelve months, or at most a day ahead of us (time zones, clock skew). */
function lastOccurrence(now: number, inYear: (year: number) => number | undefined): number | undefined {
  const latest = now + DAY_MS;
  const year = new Date(latest).getUTCFullYear();
  for (let back = 0; back <= LEAP_GAP_MAX; back++) {
    const at = inYear(year - back);
    if (at !== undefined && at <= latest) return at;
  }
  return undefined;
}

/** 29 February is eight years apart around 2100. */
const LEAP_GAP_MAX = 8;

function known(modifiedAt: number | undefined, precisionMs: number): ListedTime {
  return modifiedAt === undefined ? {} : { modifiedAt, precisionMs };
}

/** `+0200` in milliseconds. */
function zoneMs(text: string): number {
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(3));
  return (text.startsWith('-') ? -minutes : minutes) * MINUTE_MS;
}

/** `rwxr-sr-t` as bits. */
function modeOf(text: string): number {
  let mode = 0;
  for (let index = 0; index < text.length; index++) {
    const char = text.charAt(index);
    if (char !== '-' && !'STlL'.includes(char)) mode |= 0o400 >> index;
    if ('sStTlL'.includes(char)) mode |= 0o4000 >> Math.floor(index / 3);
  }
  return mode;
}
