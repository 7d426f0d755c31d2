// What a job may write under `with` of ftp/mirror, and the same as settings the code works with.
import { anyOf, flag, type Infer, integer, list, object, oneOf, rate, text, word } from '../../core/schema.ts';

const PARALLEL_MAX = 64;
const DELETES_MAX = 1_000_000_000;

const mode = () =>
  anyOf([text().regex(/^0?[0-7]{3}$/, { error: 'is no mode: write three octal digits, as "644"' }), integer(0, 777)])
    .refine(value => /^[0-7]{1,3}$|^0[0-7]{3}$/.test(String(value)), { error: 'is no mode: write three octal digits, as "644"' })
    .transform(value => Number.parseInt(String(value), 8));

export const mirrorSchema = object({
  connection: word().describe('The ftp connection to mirror with.'),
  direction: oneOf(['upload', 'download']).describe('upload: the server becomes like the local folder. download: the reverse.'),
  local: word().describe('The local folder; a relative path starts at the job’s workdir.'),
  remote: word().describe('The folder on the server; a relative path starts at the folder of the login.'),
  delete: flag().default(false).describe('Delete what the source does not have, after everything was transferred.'),
  include: list(word()).default([]).describe('gitignore patterns: when given, only what matches is mirrored.'),
  exclude: list(word()).default([]).describe('gitignore patterns: what matches is neither transferred nor deleted.'),
  compare: oneOf(['time-size', 'size', 'hash', 'manifest'])
    .default('time-size')
    .describe(
      'How a change is noticed: by size and modification time, by size alone, by checksums that the server makes (HASH, XSHA256, XMD5, XCRC), or by a manifest of SHA-256 sums kept on the server (upload only), where files that were not put there by the mirror are left alone.',
    ),
  parallel: integer(1, PARALLEL_MAX)
    .default(8)
    .describe('Files in transfer at once, each on its own session; the connection’s max-connections also limits it.'),
  atomic: flag().default(true).describe('Transfer to a temporary name and rename, so that no half-written file is ever seen.'),
  resume: flag().default(true).describe('Continue the temporary files of an interrupted run. Needs atomic.'),
  'preserve-times': flag().default(true).describe('Give the copy the modification time of its source.'),
  symlinks: oneOf(['skip', 'follow', 'error'])
    .default('skip')
    .describe('Symbolic links in the source: left out, transferred as what they point to, or an error. In the target they stay.'),
  verify: oneOf(['size', 'hash', 'none'])
    .default('size')
    .describe(
      'How a transferred file is checked before it gets its name: by its size, or also by a checksum that the server makes; a download is then on the disk, too, before it has its name.',
    ),
  ascii: list(word())
    .default([])
    .describe(
      'Globs of files transferred as text (TYPE A): line ends become those of the receiving side. Their sizes differ, so only times tell a change.',
    ),
  chmod: object({
    files: mode().optional().describe('Mode of every transferred file, in octal: "644".'),
    dirs: mode().optional().describe('Mode of every folder made, in octal: "755".'),
  })
    .optional()
    .describe('Modes for what the mirror writes.'),
  bandwidth: rate().optional().describe('At most this much for all sessions together, as 2MB/s.'),
  last: list(word())
    .default([])
    .describe('Globs of files sent after everything else, in this order; held back when another file failed.'),
  commit: oneOf(['each', 'end'])
    .default('each')
    .describe(
      'each: a file gets its name as soon as it is there. end: all are transferred first, then all renamed. Needs atomic.',
    ),
  'max-delete': anyOf([
    integer(0, DELETES_MAX),
    text().regex(/^(\d|[1-9]\d|100)%$/, { error: 'is neither a number nor a percentage: write 20 or 10%' }),
  ])
    .optional()
    .describe('Refuse to run when more files than this, or this share of the target’s files, would be deleted.'),
  'allow-empty': flag().default(false).describe('Let an empty source empty the target when delete is on.'),
}).superRefine((config, context) => {
  if (config.compare === 'manifest' && config.direction === 'download') {
    const message = '`compare: manifest` is for uploads: write `compare: time-size` or `compare: hash`';
    context.addIssue({ code: 'custom', path: ['compare'], input: config.compare, message });
  }
  if (config.ascii.length > 0 && config.compare !== 'time-size') {
    const message = '`ascii` needs `compare: time-size`: text has another size and another sum on either side';
    context.addIssue({ code: 'custom', path: ['ascii'], input: config.ascii, message });
  }
  if (!config.atomic && config.commit === 'end') {
    context.addIssue({ code: 'custom', path: ['commit'], input: config.commit, message: '`commit: end` needs `atomic: true`' });
  }
});

export type MirrorConfig = Infer<typeof mirrorSchema>;

/** One line: `upload ./public → web:/www (delete, atomic, 8 connections)`. */
export function describeMirror(config: MirrorConfig): string {
  const remote = `${config.connection}:${config.remote}`;
  const [from, to] = config.direction === 'upload' ? [config.local, remote] : [remote, config.local];
  const traits = [
    ...(config.delete ? ['delete'] : []),
    ...(config.atomic ? [config.commit === 'end' ? 'atomic, commit at the end' : 'atomic'] : []),
    ...(config.compare === 'time-size' ? [] : [`by ${config.compare}`]),
    ...(config.verify === 'hash' ? ['verified by hash'] : []),
    config.parallel === 1 ? '1 connection' : `${config.parallel} connections`,
  ];
  return `${config.direction} ${from} → ${to} (${traits.join(', ')})`;
}
