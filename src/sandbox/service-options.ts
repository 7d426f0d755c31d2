// What every server of the sandbox is started with.
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { Secret } from '../core/secret.ts';
import type { TlsServerContext } from '../protocols/net/listener.ts';
import type { ServerName } from './fault-points.ts';
import type { FaultBook } from './faults.ts';

export type LineDirection = 'received' | 'sent' | 'note';
export type OnLine = (server: ServerName, direction: LineDirection, text: string) => void;

export interface ServiceOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly user: string;
  readonly password: Secret;
  /** Without it, TLS is not offered. */
  readonly tls?: TlsServerContext;
  readonly implicitTls?: boolean;
  /** 0 or absent: a free port. */
  readonly port?: number;
  /** Take passwords on clear connections; default false. */
  readonly allowClear?: boolean;
  /** Whether an access token opens this user's mailbox. Without it, passwords are all that is taken. */
  readonly acceptToken?: (user: string, token: string) => Promise<boolean> | boolean;
  readonly latencyMs?: number;
  readonly faults?: Pick<FaultBook, 'at'>;
  /** Every command and reply, passwords masked, and every fault that strikes. */
  readonly onLine?: OnLine;
}

/** The same while the server runs. */
export interface ServiceContext extends ServiceOptions {
  readonly faults: Pick<FaultBook, 'at'>;
  /** Aborted when the server closes: nobody waits on. */
  readonly signal: AbortSignal;
}
