// After the fetch: attachments that the job wants, by type and name, are taken from archived messages into a folder, each once.
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import picomatch from 'picomatch';
import type { AccountArchive } from '../../archive/index.ts';
import { cancelled } from '../../core/clock.ts';
import { formatSize } from '../../core/units.ts';
import type { StepContext } from '../step.ts';
import type { Pop3ArchiveConfig } from './config.ts';

/** Of a name and of a type: globs with several stars take time that grows with a power of the length. */
const NAME_CHARS_MAX = 500;

type AttachmentRule = NonNullable<Pop3ArchiveConfig['attachments']>;

/** Mail programs send many a file as application/octet-stream: its name tells more. */
const TYPES: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  xml: 'application/xml',
  json: 'application/json',
  zip: 'application/zip',
  csv: 'text/csv',
  txt: 'text/plain',
  html: 'text/html',
  ics: 'text/calendar',
  doc: 'application/msword',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xls: 'application/vnd.ms-excel',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  odt: 'application/vnd.oasis.opendocument.text',
  ods: 'application/vnd.oasis.opendocument.spreadsheet',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  tif: 'image/tiff',
  tiff: 'image/tiff',
};

export async function saveAttachments(config: Pop3ArchiveConfig, archive: AccountArchive, context: StepContext): Promise<void> {
  const rule = config.attachments;
  if (rule === undefined) return;
  try {
    const { saved, bytes } = await archive.extractAttachments({
      target: resolve(context.workdir, rule.dir),
      rule: nameOf(rule),
      wants: wantedBy(rule),
      skipped: ({ sha256 }, reason) => context.note('warning', `attachments of message ${sha256.slice(0, 12)}: ${reason}`),
      signal: context.signal,
    });
    if (saved > 0) context.note('info', `${saved} attachments (${formatSize(bytes)}) saved in ${rule.dir}`);
  } catch (error) {
    if (context.signal.aborted) throw cancelled(context.signal);
    throw error;
  }
}

/** Another rule takes every archived message up again. */
function nameOf({ dir, types, names }: AttachmentRule): string {
  return createHash('sha256')
    .update(JSON.stringify([dir, types, names]))
    .digest('hex')
    .slice(0, 16);
}

/** Both lists must agree; an empty one wants everything. */
export function wantedBy({
  types,
  names,
}: Omit<AttachmentRule, 'dir'>): (file: { name: string | undefined; type: string }) => boolean {
  const typed = types.length === 0 ? () => true : picomatch(types.map(type => type.toLowerCase()));
  const named = names.length === 0 ? () => true : picomatch([...names], { nocase: true, dot: true });
  return ({ name, type }) => {
    const base = (name ?? '').slice(-NAME_CHARS_MAX).split(/[/\\]/).at(-1) ?? '';
    const guessed = TYPES[base.slice(base.lastIndexOf('.') + 1).toLowerCase()];
    const kind = type.slice(0, NAME_CHARS_MAX).toLowerCase();
    return (typed(kind) || (guessed !== undefined && typed(guessed))) && named(base);
  };
}
