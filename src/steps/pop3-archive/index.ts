// pop3/archive: keeps every message of a POP3 mailbox, and deletes on the server only what is safely kept.
import type { StepType } from '../step.ts';
import { configSchema, type Pop3ArchiveConfig, showPolicy } from './config.ts';
import { preview } from './preview.ts';
import { run } from './run.ts';
import type { ArchiveOutputs } from './tally.ts';

export const pop3Archive: StepType<Pop3ArchiveConfig, ArchiveOutputs> = {
  name: 'pop3/archive',
  summary: 'Archives a POP3 mailbox: exact octets in mbox files with a manifest, durable before anything is deleted.',
  schema: configSchema,
  connection: 'pop3',
  repeatable: () => true,
  describe(config) {
    const extras = [
      `delete ${showPolicy(config.delete)}`,
      ...(config.limit === undefined ? [] : [`at most ${config.limit} messages`]),
    ];
    return `archive the mailbox of ${config.connection} into ${config.archive} (${extras.join(', ')})`;
  },
  preview,
  run: (config, context) => run(config, context),
};
