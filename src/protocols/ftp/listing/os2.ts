// Lines of LIST as OS/2 writes them: `     0           DIR   05-12-97   16:44  PSFONTS`.
import { fullYear, utc } from '../time.ts';
import { entry, MINUTE_MS, type ParsedLine } from './entry.ts';

const LINE = /^\s*(\d+)\s+((?:DIR|[RHSA]+)(?:\s+(?:DIR|[RHSA]+))*)?\s*(\d{1,2})-(\d{1,2})-(\d{2,4})\s+(\d{1,2}):(\d\d)\s+(.+)$/s;

export function parseOs2Line(line: string): ParsedLine {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, size, marks = '', month, day, year, hour, minute, name = ''] = match;
  const modifiedAt = utc(fullYear(Number(year)), Number(month), Number(day), Number(hour), Number(minute));
  const folder = /\bDIR\b/.test(marks);
  return entry(name, folder ? 'folder' : 'file', {
    size: folder ? undefined : Number(size),
    modifiedAt,
    precisionMs: modifiedAt === undefined ? undefined : MINUTE_MS,
  });
}
