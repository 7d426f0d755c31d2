// What a job writes under `with` for pop3/archive.
import {
  described,
  flag,
  type Infer,
  integer,
  list,
  matching,
  object,
  oneOf,
  optional,
  preset,
  size,
  text,
  transformed,
  word,
} from '../../core/schema.ts';
import { parseDuration } from '../../core/units.ts';

/** age: milliseconds since the message was archived here. */
export type DeletePolicy =
  | { readonly when: 'never' }
  | { readonly when: 'after-archive' }
  | { readonly when: 'age'; readonly ageMs: number };

const DELETE_PATTERN = /^(?:never|after-archive|\d+(?:\.\d+)?(?:ms|s|m|h|d))$/;

const deletePolicy = () =>
  described(
    transformed(matching(text(), DELETE_PATTERN, 'write never, after-archive, or an age like 30d'), readPolicy),
    'When a message is deleted on the server: never (default); after-archive: as soon as its copy is durable here and was read back; ' +
      'an age like 30d: that long after it was archived. Nothing is deleted that is not in the archive.',
  );

export const configSchema = described(
  object({
    connection: described(word(), 'A POP3 connection of the job.'),
    archive: described(word(), 'The folder of the archive; made when missing.'),
    account: optional(word(), 'The name of the account’s folder in the archive. Default: user@host.'),
    format: preset(
      oneOf(['mbox', 'maildir']),
      'mbox',
      'mbox (default): one file a month, variant mboxrd. maildir: one file a message, with the same manifest; its months are not sealed.',
    ),
    delete: preset(deletePolicy(), { when: 'never' }),
    limit: optional(integer(1, 1_000_000), 'At most so many messages are fetched in one run; the rest counts as pending.'),
    'max-size': optional(size(), 'Larger messages stay on the server and count as skipped.'),
    seal: preset(
      flag(),
      true,
      'Whether months that are past are packed and sealed; `archive seal` does it by hand (default: true).',
    ),
    attachments: optional(
      object({
        dir: described(word(), 'The folder that they are saved in; made when missing.'),
        types: preset(list(word()), [], 'Media types like application/pdf or image/*; default all.'),
        names: preset(list(word()), [], 'Globs like *invoice*.pdf, in any case; default all.'),
      }),
      '`{ dir, types, names }`: attachments of archived messages are saved into the folder `dir`, each once; `types` are media types like ' +
        'application/pdf or image/*, `names` globs like *invoice*.pdf in any case, and both must fit.',
    ),
  }),
  'Counts: archived = stored in this run; duplicates = the same content is archived already; skipped = known from an earlier run by its ' +
    'UID, or larger than max-size; quarantined = the server would not give it whole; pending = left for a later run.',
);

export type Pop3ArchiveConfig = Infer<typeof configSchema>;

function readPolicy(written: string): DeletePolicy {
  if (written === 'never' || written === 'after-archive') return { when: written };
  return { when: 'age', ageMs: parseDuration(written) ?? Number.POSITIVE_INFINITY };
}

/** `never`, `after-archive`, `30d after archiving`: for plan and progress. */
export function showPolicy(policy: DeletePolicy): string {
  if (policy.when !== 'age') return policy.when;
  return `${Math.round(policy.ageMs / 8_640_000) / 10}d after archiving`;
}
