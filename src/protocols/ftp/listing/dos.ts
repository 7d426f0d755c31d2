// Lines of LIST as IIS and other Windows servers write them: `02-25-26  10:33AM  <DIR>  name`.
import { fullYear, utc } from '../time.ts';
import { entry, MINUTE_MS, type ParsedLine } from './entry.ts';

const LINE =
  /^(?:(\d\d)[-/.](\d\d)[-/.](\d{4}|\d\d)|(\d{4})-(\d\d)-(\d\d)) +(\d{1,2}):(\d\d)(?::\d\d)? ?([AaPp][Mm])? +(?:(<DIR>|<JUNCTION>|<SYMLINKD?>)(?: {10}| +)|([\d,.]+) )(.+)$/s;

export function parseDosLine(line: string): ParsedLine {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, month, day, shortYear, isoYear, isoMonth, isoDay, hour, minute, half, mark, size, text = ''] = match;
  const modifiedAt = utc(
    fullYear(Number(isoYear ?? shortYear)),
    Number(isoMonth ?? month),
    Number(isoDay ?? day),
    hourOf(Number(hour), half),
    Number(minute),
  );
  const link = mark !== undefined && mark !== '<DIR>';
  const [name = text, target] = link ? (/^(.+) \[(.*)\]$/s.exec(text)?.slice(1) ?? []) : [];
  return entry(name, link ? 'link' : mark === '<DIR>' ? 'folder' : 'file', {
    size: mark === undefined ? Number((size ?? '').replace(/[,.]/g, '')) : undefined,
    modifiedAt,
    precisionMs: modifiedAt === undefined ? undefined : MINUTE_MS,
    target,
  });
}

function hourOf(hour: number, half: string | undefined): number {
  if (half === undefined) return hour;
  return (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
}
