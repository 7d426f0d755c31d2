// What every part of one mirror run shares: settings, both roots, sessions, rate and memory.
import { posix, resolve } from 'node:path';
import { AppError, CancelledError, RefusedError } from '../../core/errors.ts';
import type { connectFtp, FtpClient } from '../../protocols/ftp/index.ts';
import type { StepContext } from '../step.ts';
import { rootBrake } from './comparison/brakes.ts';
import { SeenTimesMemory } from './comparison/seen-times.ts';
import type { MirrorConfig } from './config.ts';
import { NewFolders } from './new-folders.ts';
import { type Bandwidth, makeBandwidth } from './sessions/bandwidth.ts';
import { Batch } from './sessions/batch.ts';
import { Pool } from './sessions/pool.ts';
import { isKnownLimit } from './sessions/session-count.ts';
import { makeGlobTest } from './trees/filter.ts';
import { normalRemote } from './trees/paths.ts';

export type Connect = typeof connectFtp;

export interface Workshop {
  readonly config: MirrorConfig;
  readonly context: StepContext;
  readonly localRoot: string;
  readonly remoteRoot: string;
  readonly pool: Pool;
  readonly batch: Batch;
  readonly bandwidth: Bandwidth;
  readonly memory: SeenTimesMemory;
  /** Those of the target that have no names yet. */
  readonly newFolders: NewFolders;
  /** Goes over the wire as text (`ascii`): other line ends and so other sizes on either side. */
  readonly isText: (path: string) => boolean;
  /** Aborts with the step, and when one failure makes going on pointless. */
  readonly signal: AbortSignal;
  stop(reason: Error): void;
  /** A session outside the pool, for what must still be said after the pool has ended. */
  reconnect(signal: AbortSignal): Promise<FtpClient>;
  close(): Promise<void>;
}

/** Opens the first session. Throws what connecting throws. */
export async function openWorkshop(config: MirrorConfig, context: StepContext, connect: Connect): Promise<Workshop> {
  const endpoint = await context.connection(config.connection);
  if (endpoint.type !== 'ftp') {
    throw new AppError('connection-type', `connection ${config.connection} is ${endpoint.type}, but ftp/mirror needs ftp`);
  }
  const remoteRoot = normalRemote(config.remote);
  // A signal of its own, not one composed of two: that is asked several times a file, and looks its sources up each time.
  const stopper = new AbortController();
  const { signal } = stopper;
  const follow = () => stopper.abort(context.signal.reason);
  const { dial, clock } = context;
  const { host, port, user } = endpoint;
  const sessions = `sessions:${user ?? ''}@${host}:${port}`;
  const known = await context.ledger.get(sessions);
  let opening = config.compare === 'manifest' ? undefined : remoteRoot;
  context.signal.addEventListener('abort', follow, { once: true });
  if (context.signal.aborted) follow();
  const pool = new Pool({
    known: isKnownLimit(known) ? known : undefined,
    async connect() {
      const client = await connect(endpoint, { dial, clock, signal, opening });
      opening = undefined;
      return client;
    },
    sessions: Math.min(config.parallel, endpoint.maxConnections ?? config.parallel),
    signal,
    clock,
    warn: message => context.note('warning', message),
  });
  const workshop: Workshop = {
    config,
    context,
    localRoot: resolve(context.workdir, config.local),
    remoteRoot,
    pool,
    batch: new Batch(pool),
    bandwidth: makeBandwidth(config.bandwidth, clock),
    isText: makeGlobTest(config.ascii),
    memory: new SeenTimesMemory(context.ledger, [config.direction, config.connection, remoteRoot, config.local]),
    newFolders: new NewFolders(),
    signal,
    stop: reason => stopper.abort(reason),
    reconnect: until => connect(endpoint, { dial, clock, signal: until }),
    async close() {
      const { allowed } = pool;
      await pool.close();
      const remembered =
        allowed !== undefined
          ? context.ledger.put(sessions, allowed)
          : known === undefined
            ? undefined
            : context.ledger.delete(sessions);
      await remembered?.catch(() => undefined);
      context.signal.removeEventListener('abort', follow);
      stopper.abort(new CancelledError('the sessions are closed'));
    },
  };
  return workshop;
}

/** Refuses a deleting mirror whose target turns out to be the server's root, or this machine's. */
export async function checkRoot({ config, remoteRoot, localRoot, pool }: Workshop): Promise<void> {
  if (!config.delete) return;
  const home =
    config.direction === 'download' || remoteRoot.startsWith('/') ? '/' : await pool.use(client => client.currentFolder());
  const resolved = config.direction === 'download' ? localRoot : posix.resolve(home, remoteRoot);
  const brake = rootBrake(config, resolved);
  if (brake !== undefined) throw brake;
}

export function isMissingPath(error: unknown): boolean {
  return error instanceof RefusedError && error.code === 'path-missing';
}
