// The step type ftp/mirror, over the real FTP client; its code is loaded when it runs.
import type { StepType } from '../step.ts';
import type { MirrorConfig } from './config.ts';
import { mirrorFacts } from './facts.ts';
import type { MirrorOutputs } from './tally.ts';

export const ftpMirror: StepType<MirrorConfig, MirrorOutputs> = {
  ...mirrorFacts,
  preview: async (config, context) => (await mirror()).preview(config, context),
  run: async (config, context) => (await mirror()).run(config, context),
};

async function mirror(): Promise<StepType<MirrorConfig, MirrorOutputs>> {
  const [{ createFtpMirror }, { connectFtp }] = await Promise.all([
    import('./mirror.ts'),
    import('../../protocols/ftp/index.ts'),
  ]);
  return createFtpMirror({ connect: connectFtp });
}
