// Lines of LIST as `ls -l` writes them, in the variants that FTP servers are known to send.
import { utc } from '../time.ts';
import { DAY_MS, entry, type FtpEntry, MINUTE_MS, type ParsedLine } from './entry.ts';

/** Type, permissions, ACL mark; then links, owner and group in any number of words; size or device; date; one blank; name. */
const HEAD = /^([-bcdlpsDwn])([-r][-w][-xsSlL][-r][-w][-xsSlL][-r][-w][-xtT])[+.@]?\s+/;
const DATE = [
  String.raw`(?<month>[^\s\d.,:]{3,5})\.? +(?<day>\d{1,2}),? +(?<when>\d{1,2}:\d\d(?::\d\d)?|\d{4})`,
  String.raw`(?<day2>\d{1,2})\.? +(?<month2>[^\s\d.,:]{3,5})\.? +(?<when2>\d{1,2}:\d\d(?::\d\d)?|\d{4})`,
  // 月, 日 and 年: month, day and year in Chinese and Japanese.
  String.raw`(?<month3>\d{1,2})\u6708 *(?<day3>\d{1,2})\u65e5 +(?<when3>\d{1,2}:\d\d|\d{4}\u5e74?)`,
  String.raw`(?<iso>\d{4}-\d\d-\d\d) +(?<time>\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?: (?<zone>[+-]\d{4}))?`,
].join('|');
const TAIL = new RegExp(String.raw`(?:^|\s)(?:(?<size>\d+)|\d+, *\d+) +(?:${DATE}) (?<name>.+)$`, 's');

/** `now` decides the year where the line has none. */
export function parseUnixLine(line: string, now: number): ParsedLine {
  if (/^total \d+/.test(line)) return 'skip';
  const head = HEAD.exec(line);
  if (head === null) return undefined;
  const fields = TAIL.exec(line.slice(head[0].length))?.groups;
  if (fields?.['name'] === undefined) return undefined;
  const type = TYPES[head[1] ?? ''] ?? 'other';
  const [name, target] = type === 'link' ? splitLink(fields['name']) : [fields['name'], undefined];
  return entry(name, type, {
    size: type === 'file' ? Number(fields['size']) : undefined,
    ...timeOf(fields, now),
    mode: modeOf(head[2] ?? ''),
    target,
  });
}

const TYPES: Readonly<Record<string, FtpEntry['type']>> = { '-': 'file', d: 'folder', l: 'link' };

function splitLink(text: string): readonly [name: string, target: string | undefined] {
  const arrow = text.indexOf(' -> ');
  return arrow <= 0 ? [text, undefined] : [text.slice(0, arrow), text.slice(arrow + 4)];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

function timeOf(
  fields: Readonly<Record<string, string | undefined>>,
  now: number,
): { readonly modifiedAt?: number; readonly precisionMs?: number } {
  const { iso, time } = fields;
  if (iso !== undefined && time !== undefined) {
    const [year = 0, month = 0, day = 0] = iso.split('-').map(Number);
    const [hour = 0, minute = 0] = time.split(':').map(Number);
    const at = utc(year, month, day, hour, minute);
    return known(at === undefined ? undefined : at - zoneMs(fields['zone'] ?? '+0000'), MINUTE_MS);
  }
  const month =
    fields['month3'] === undefined ? (fields['month'] ?? fields['month2'] ?? '') : MONTHS[Number(fields['month3']) - 1];
  const when = fields['when'] ?? fields['when2'] ?? fields['when3'] ?? '';
  return unixTime(month ?? '', Number(fields['day'] ?? fields['day2'] ?? fields['day3']), when.replace('年', ''), now);
}

/** `month` as its first three English letters; `when` is `hh:mm` of the last twelve months, or a year. Nothing for what is no date. */
export function unixTime(
  month: string,
  day: number,
  when: string,
  now: number,
): { readonly modifiedAt?: number; readonly precisionMs?: number } {
  const number = MONTHS.indexOf(month.toLowerCase()) + 1;
  if (number === 0) return {};
  if (!when.includes(':')) return known(utc(Number(when), number, day), DAY_MS);
  const [hour = 0, minute = 0] = when.split(':').map(Number);
  return known(
    lastOccurrence(now, year => utc(year, number, day, hour, minute)),
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

function known(
  modifiedAt: number | undefined,
  precisionMs: number,
): { readonly modifiedAt?: number; readonly precisionMs?: number } {
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
  for (const [index, char] of [...text].entries()) {
    if (char !== '-' && !'STlL'.includes(char)) mode |= 0o400 >> index;
    if ('sStTlL'.includes(char)) mode |= 0o4000 >> Math.floor(index / 3);
  }
  return mode;
}
