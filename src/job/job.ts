// A job file read, checked and with its defaults filled in; secrets and expressions are still unresolved text.
import type { RetryPolicy } from '../core/backoff.ts';
import type { Endpoint } from '../protocols/net/endpoint.ts';
import type { StepType } from '../steps/step.ts';

/** Plain JSON as written, expressions inside. */
export type Raw = string | number | boolean | null | readonly Raw[] | { readonly [key: string]: Raw };

export interface Job {
  readonly name: string;
  readonly description?: string;
  /** Absolute. */
  readonly file: string;
  /** Absolute. */
  readonly workdir: string;
  readonly schedules: readonly Schedule[];
  readonly overlap: 'queue' | 'skip' | 'replace' | 'allow';
  readonly timeoutMs?: number;
  readonly maxCrashes: number;
  readonly ping?: string;
  readonly vars: Readonly<Record<string, Raw>>;
  readonly connections: Readonly<Record<string, Connection>>;
  readonly steps: readonly JobStep[];
  readonly onFailure: readonly JobStep[];
}

export interface Schedule {
  readonly cron?: string;
  readonly everyMs?: number;
  readonly timezone?: string;
  readonly seconds: boolean;
  readonly jitterMs: number;
  readonly misfire: 'one' | 'all' | 'skip';
  readonly maxAgeMs?: number;
}

/** An endpoint as written: host, user and password may hold expressions. The port is already defaulted by type and tls. */
export interface Connection extends Omit<Endpoint, 'password' | 'token' | 'proxy' | 'dkim' | 'unauthenticated'> {
  /** The key as written, usually `${{ secrets.NAME }}`. */
  readonly dkim?: { readonly domain: string; readonly selector: string; readonly key: string };
  /** As written: `socks5://…` or `http://…`, perhaps with a secret in it. */
  readonly proxy?: string;
  /** Usually `${{ secrets.NAME }}`. */
  readonly password?: string;
  /** Instead of a password: the name of an OAuth2 account. */
  readonly oauth2?: string;
}

export interface JobStep {
  readonly id: string;
  readonly uses: string;
  readonly type: StepType;
  /** `with` as written, expressions inside; checked again when they are evaluated. */
  readonly with: Readonly<Record<string, Raw>>;
  readonly needs: readonly string[];
  /** True when `needs` was left out and the step before is meant: then a skip of that one does not pass on. */
  readonly inSequence?: boolean;
  /** Expression text without `${{ }}`; default `success()`. */
  readonly condition: string;
  readonly timeoutMs?: number;
  readonly continueOnError: boolean;
  readonly retry: RetryPolicy;
}
