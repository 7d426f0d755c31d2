// Lines of LIST as Novell NetWare writes them: `d [R----F--] supervisor            512       Jan 16 18:53    login`.
import { entry, type ParsedLine } from './entry.ts';
import { unixTime } from './unix.ts';

const LINE = /^([d-]) ?\[[-A-Z]{5,10}\]\s+\S+\s+(\d+)\s+([A-Z][a-z]{2})\s+(\d{1,2})\s+(\d{1,2}:\d\d|\d{4})\s+(.+)$/s;

export function parseNetwareLine(line: string, now: number): ParsedLine {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, type, size, month, day, when, name = ''] = match;
  return entry(name, type === 'd' ? 'folder' : 'file', {
    size: type === 'd' ? undefined : Number(size),
    ...unixTime(month ?? '', Number(day), when ?? '', now),
  });
}
