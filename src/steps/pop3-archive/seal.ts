// After the fetch: months that are past are sealed. The mail is safe already, so only damage to the archive fails the step.
import type { AccountArchive } from '../../archive/index.ts';
import { cancelled } from '../../core/clock.ts';
import { AppError, reportOf } from '../../core/errors.ts';
import { formatCount, formatSize } from '../../core/units.ts';
import type { StepContext } from '../step.ts';

export async function sealPastMonths(archive: AccountArchive, context: StepContext): Promise<void> {
  try {
    let bytes = 0;
    const onProgress = (month: string, more: number) => {
      bytes += more;
      context.progress({ done: bytes, unit: 'bytes', item: `sealing ${month}` });
    };
    for await (const { month, messages, size, compressed } of archive.seal({ signal: context.signal, onProgress }))
      context.note(
        'info',
        `${month} is sealed: ${formatCount(messages, 'messages')}, ${formatSize(size)} in ${formatSize(compressed)}`,
      );
  } catch (error) {
    if (context.signal.aborted) throw cancelled(context.signal);
    if (error instanceof AppError && error.code === 'archive-damaged') throw error;
    context.note('warning', `a past month was not sealed, and is tried again in the next run: ${reportOf(error).message}`);
  }
}
