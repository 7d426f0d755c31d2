// Easily Parsed LIST Format (publicfile, anonftpd): `+i8388621.48594,m825718503,r,s280,` TAB name.
import { entry, type ParsedLine } from './entry.ts';

export function parseEplfLine(line: string): ParsedLine {
  const tab = line.indexOf('\t');
  if (!line.startsWith('+') || tab === -1 || tab === line.length - 1) return undefined;
  const facts = line.slice(1, tab).split(',');
  const numberOf = (letter: string) => {
    const text = facts.find(fact => fact.startsWith(letter))?.slice(1);
    return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  };
  const seconds = numberOf('m');
  const folder = facts.includes('/');
  return entry(line.slice(tab + 1), folder ? 'folder' : facts.includes('r') ? 'file' : 'other', {
    size: folder ? undefined : numberOf('s'),
    modifiedAt: seconds === undefined ? undefined : seconds * 1_000,
    precisionMs: seconds === undefined ? undefined : 1_000,
  });
}
