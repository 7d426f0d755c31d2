// What a preview sees of the world: it may ask servers, draws nothing, and remembers nothing.
import { systemRandom } from '../../core/random.ts';
import { dial } from '../../protocols/net/dial.ts';
import type { StepContext } from '../../steps/step.ts';

/** What is not the same for every preview; `id` stands for a run. */
export interface PreviewPlace
  extends Pick<
    StepContext,
    'signal' | 'clock' | 'note' | 'connection' | 'secret' | 'workdir' | 'env' | 'job' | 'ledger' | 'stepId'
  > {
  readonly id: string;
  readonly host: string;
}

export function previewContext({ id, host, ...own }: PreviewPlace): StepContext {
  return {
    ...{ ...own, random: systemRandom, dial, progress: () => undefined },
    run: { id, startedAt: own.clock.now(), host, trigger: 'manual' },
    steps: () => [],
    history: { recent: async () => [] },
  };
}
