// What a job may write under `with` of ftp/mirror, and the same as settings the code works with.
import {
  anyOf,
  described,
  flag,
  type Infer,
  integer,
  judged,
  list,
  matching,
  object,
  oneOf,
  optional,
  preset,
  rate,
  refined,
  text,
  transformed,
  word,
} from '../../core/schema.ts';
import { formatCount } from '../../core/units.ts';

const PARALLEL_MAX = 64;
const DELETES_MAX = 1_000_000_000;

const mode = () =>
  transformed(
    refined(
      anyOf([matching(text(), /^0?[0-7]{3}$/, 'is no mode: write three octal digits, as "644"'), integer(0, 777)]),
      value => /^[0-7]{1,3}$|^0[0-7]{3}$/.test(String(value)),
      'is no mode: write three octal digits, as "644"',
    ),
    value => Number.parseInt(String(value), 8),
  );

export const mirrorSchema = judged(
  object({
    connection: described(word(), 'The ftp connection to mirror with.'),
    direction: described(
      oneOf(['upload', 'download']),
      'upload: the server becomes like the local folder. download: the reverse.',
    ),
    local: described(word(), 'The local folder; a relative path starts at the job’s workdir.'),
    remote: described(word(), 'The folder on the server; a relative path starts at the folder of the login.'),
    delete: preset(flag(), false, 'Delete what the source does not have, after everything was transferred.'),
    include: preset(list(word()), [], 'gitignore patterns: when given, only what matches is mirrored.'),
    exclude: preset(list(word()), [], 'gitignore patterns: what matches is neither transferred nor deleted.'),
    compare: preset(
      oneOf(['time-size', 'size', 'hash', 'manifest']),
      'time-size',
      'How a change is noticed: by size and modification time, by size alone, by checksums that the server makes (HASH, XSHA256, XMD5, XCRC), or by a manifest of SHA-256 sums kept on the server (upload only), where files that were not put there by the mirror are left alone.',
    ),
    parallel: preset(
      integer(1, PARALLEL_MAX),
      8,
      'Files in transfer at once, each on its own session; the connection’s max-connections also limits it.',
    ),
    atomic: preset(
      flag(),
      true,
      'Transfer to a temporary name and rename, so that no half-written file is ever seen; a new folder of small files gets its own name when all of them are there.',
    ),
    resume: preset(flag(), true, 'Continue the temporary files and new folders of an interrupted run. Needs atomic.'),
    'preserve-times': preset(flag(), true, 'Give the copy the modification time of its source.'),
    symlinks: preset(
      oneOf(['skip', 'follow', 'error']),
      'skip',
      'Symbolic links in the source: left out, transferred as what they point to, or an error. In the target they stay.',
    ),
    verify: preset(
      oneOf(['size', 'hash', 'none']),
      'size',
      'How a transferred file is checked before it gets its name: by its size, or also by a checksum that the server makes; a download is then on the disk, too, before it has its name.',
    ),
    ascii: preset(
      list(word()),
      [],
      'Globs of files transferred as text (TYPE A): line ends become those of the receiving side. Their sizes differ, so only times tell a change.',
    ),
    chmod: optional(
      object({
        files: optional(mode(), 'Mode of every transferred file, in octal: "644".'),
        dirs: optional(mode(), 'Mode of every folder made, in octal: "755".'),
      }),
      'Modes for what the mirror writes.',
    ),
    bandwidth: optional(rate(), 'At most this much for all sessions together, as 2MB/s.'),
    last: preset(
      list(word()),
      [],
      'Globs of files sent after everything else, in this order; held back when another file failed.',
    ),
    commit: preset(
      oneOf(['each', 'end']),
      'each',
      'each: a file gets its name as soon as it is there. end: all are transferred first, then all renamed. Needs atomic.',
    ),
    'max-delete': optional(
      anyOf([
        integer(0, DELETES_MAX),
        matching(text(), /^(\d|[1-9]\d|100)%$/, 'is neither a number nor a percentage: write 20 or 10%'),
      ]),
      'Refuse to run when more files than this, or this share of the target’s files, would be deleted.',
    ),
    'allow-empty': preset(flag(), false, 'Let an empty source empty the target when delete is on.'),
  }),
  (config, context) => {
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
  },
);

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
    formatCount(config.parallel, 'connections'),
  ];
  return `${config.direction} ${from} → ${to} (${traits.join(', ')})`;
}
