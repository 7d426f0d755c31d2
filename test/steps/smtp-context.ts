// What the mail steps' tests stand on: a context with a ledger in memory, over the fake SMTP server.
import { systemClock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/core/random.ts';
import type { Outbox } from '../../src/mail/outbox.ts';
import { dial } from '../../src/protocols/net/dial.ts';
import type { Endpoint } from '../../src/protocols/net/endpoint.ts';
import type { Ledger, PastRun, StepContext, StepFacts } from '../../src/steps/step.ts';
import { Database } from '../../src/stores/sqlite/database.ts';
import { SqliteOutbox } from '../../src/stores/sqlite/outbox.ts';

/** 2026-11-22 02:30:00 UTC. */
export const STARTED_AT = Date.UTC(2026, 10, 22, 2, 30);

export class MemoryLedger implements Ledger {
  readonly values = new Map<string, unknown>();
  get = async (key: string) => this.values.get(key);
  put = async (key: string, value: unknown) => void this.values.set(key, JSON.parse(JSON.stringify(value)));
  delete = async (key: string) => void this.values.delete(key);
}

/** An outbox that nobody else sees. */
export function memoryOutbox(): Outbox {
  return new SqliteOutbox(new Database(':memory:'), clock);
}

const clock = { ...systemClock, now: () => STARTED_AT + 760_000 };

export interface TestContext extends StepContext {
  readonly notes: string[];
  readonly ledger: MemoryLedger;
}

export interface ContextParts {
  readonly endpoint?: Endpoint;
  readonly workdir?: string;
  readonly steps?: readonly StepFacts[];
  readonly past?: readonly PastRun[];
  readonly ledger?: MemoryLedger;
  readonly letters?: Outbox;
  readonly run?: string;
  readonly signal?: AbortSignal;
}

export function testContext(parts: ContextParts = {}): TestContext {
  const notes: string[] = [];
  return {
    notes,
    signal: parts.signal ?? new AbortController().signal,
    clock,
    random: systemRandom,
    progress: () => undefined,
    note: (level, message) => void notes.push(`${level}: ${message}`),
    connection: async () => {
      if (parts.endpoint === undefined) throw new Error('no connection expected');
      return parts.endpoint;
    },
    dial,
    secret: async () => {
      throw new Error('no secret expected');
    },
    workdir: parts.workdir ?? '/nowhere',
    job: { name: 'nightly-site', description: 'Deploy, archive, report', file: '/srv/jobs/nightly-site.yaml' },
    run: { id: parts.run ?? '01run', startedAt: STARTED_AT, host: 'web01', trigger: 'schedule' },
    stepId: 'report',
    steps: () => parts.steps ?? [],
    history: { recent: async () => parts.past ?? [] },
    ledger: parts.ledger ?? new MemoryLedger(),
    outbox: {
      letters: parts.letters ?? memoryOutbox(),
      sender: () => ({ host: 'web01', pid: 1, since: STARTED_AT }),
      isAlive: () => false,
      servers: () => new MemoryLedger(),
    },
  };
}

export function step(id: string, more: Partial<StepFacts> = {}): StepFacts {
  return {
    ...{ id, uses: 'shell', status: 'succeeded', attempts: 1, durationMs: 4_200, outputs: {}, tolerated: false, notes: [] },
    ...more,
  };
}

export function pastRun(status: string, daysAgo: number): PastRun {
  return { id: `run-${daysAgo}`, startedAt: STARTED_AT - daysAgo * 86_400_000, durationMs: 600_000, status };
}
