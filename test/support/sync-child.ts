// Child processes that a test waits for without turning the event loop: vitest cannot end such a test, so each child gets its time.
import * as children from 'node:child_process';

/** Only what hangs is to be killed: a machine with other things to do takes ten times as long as one without. */
const ENDS_WITHIN_MS = 240_000;
const LIMIT = { timeout: ENDS_WITHIN_MS, killSignal: 'SIGKILL' } as const;

type Options = children.SpawnSyncOptions | undefined;

export const spawnSync = ((file: string, args: readonly string[], options: Options) =>
  children.spawnSync(file, args, { ...LIMIT, ...options })) as typeof children.spawnSync;

export const execFileSync = ((file: string, args: readonly string[], options: Options) =>
  children.execFileSync(file, args, { ...LIMIT, ...options })) as typeof children.execFileSync;
