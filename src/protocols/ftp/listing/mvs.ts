// Lines of LIST as z/OS (MVS) writes them: data sets, and the members of a partitioned one. Sizes are tracks and lines, never bytes.
import { utc } from '../time.ts';
import { DAY_MS, entry, MINUTE_MS, type ParsedLine } from './entry.ts';

const HEADS = [/^Volume\s+Unit\s+Referred\s.*\sDsname\s*$/, /^\s*Name\s+VV\.MM\s+Created\s.*\sId\s*$/];
const DATASET =
  /^\S{1,6}\s+\S+\s+(?:(\d{4})\/(\d\d)\/(\d\d)|\*\*NONE\*\*)\s+\d+\s+\d+\s+\S+\s+\d+\s+\d+\s+(PS|PO|PO-E|VS|DA|IS)\s+'?([^\s']+)'?\s*$/;
const ELSEWHERE = /^(?:Migrated|ARCIVE\s+Not Direct Access Device|Pseudo Directory)\s+'?([^\s']+)'?\s*$/;
const MEMBER =
  /^ ?([A-Z0-9@#$]{1,8})\s+\d\d\.\d\d\s+\d{4}\/\d\d\/\d\d\s+(\d{4})\/(\d\d)\/(\d\d)\s+(\d\d):(\d\d)(?::\d\d)?\s+\d+\s+\d+\s+\d+\s+\S+\s*$/;

export function parseMvsLine(line: string): ParsedLine {
  if (HEADS.some(head => head.test(line))) return 'skip';
  const dataset = DATASET.exec(line);
  if (dataset !== null) {
    const [, year, month, day, kind = '', name = ''] = dataset;
    const modifiedAt = year === undefined ? undefined : utc(Number(year), Number(month), Number(day));
    return entry(name, kind.startsWith('PO') ? 'folder' : 'file', time(modifiedAt, DAY_MS));
  }
  const elsewhere = ELSEWHERE.exec(line);
  if (elsewhere !== null) return entry(elsewhere[1] ?? '', line.startsWith('Pseudo') ? 'folder' : 'other', {});
  const member = MEMBER.exec(line);
  if (member === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = member.slice(2).map(Number);
  return entry(member[1] ?? '', 'file', time(utc(year, month, day, hour, minute), MINUTE_MS));
}

function time(modifiedAt: number | undefined, precisionMs: number) {
  return { modifiedAt, precisionMs: modifiedAt === undefined ? undefined : precisionMs };
}
