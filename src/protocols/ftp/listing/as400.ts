// Lines of LIST as IBM i (AS/400) writes them: `PEP      36864 04/03/17 17:34:43 *STMF      report.txt`.
import { entry, type ParsedLine } from './entry.ts';

const LINE = /^(\S+)\s+(?:(\d+)\s+(?:\S+\s+)?\d{1,2}:\d\d(?::\d\d)?\s+)?\*(\w+)\s+(.+?)\s*$/s;
const FOLDERS = new Set(['DIR', 'DDIR', 'LIB', 'FLR', 'FILE']);
const LINKS = new Set(['SYMLNK']);

/**
 * The time is left out: in which order a job writes day, month and year is its own setting, and MDTM tells better. A database file holds
 * members, as a folder does.
 */
export function parseAs400Line(line: string): ParsedLine {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, , size, kind = '', name = ''] = match;
  const type = FOLDERS.has(kind) ? 'folder' : LINKS.has(kind) ? 'link' : 'file';
  return entry(name.replace(/\/$/, ''), type, { size: type === 'file' && size !== undefined ? Number(size) : undefined });
}
