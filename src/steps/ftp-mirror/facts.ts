// What is known of ftp/mirror without its code: enough to check and to describe a job.
import type { StepType } from '../step.ts';
import { describeMirror, type MirrorConfig, mirrorSchema } from './config.ts';
import type { MirrorOutputs } from './tally.ts';

export const mirrorFacts: Omit<StepType<MirrorConfig, MirrorOutputs>, 'preview' | 'run'> = {
  name: 'ftp/mirror',
  summary: 'Makes a folder on an FTP server like a local one, or the reverse, transferring only what changed.',
  schema: mirrorSchema,
  connection: 'ftp',
  repeatable: () => true,
  describe: describeMirror,
};
