// pop3/archive: keeps every message of a POP3 mailbox, and deletes on the server only what is safely kept. Its code is loaded when it runs.
import type { Transcript } from '../../protocols/wire/command.ts';
import type { StepType } from '../step.ts';
import { configSchema, type Pop3ArchiveConfig, showPolicy } from './config.ts';
import type { ArchiveOutputs } from './tally.ts';

export const pop3Archive = makePop3Archive();

/** With somebody who wants to see the dialogue with the server. */
export function makePop3Archive(transcript?: Transcript): StepType<Pop3ArchiveConfig, ArchiveOutputs> {
  return {
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
    preview: async (config, context) => (await import('./preview.ts')).preview(config, context, transcript),
    run: async (config, context) => (await import('./run.ts')).run(config, context, { transcript }),
  };
}
