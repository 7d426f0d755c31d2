// Three schedulers as processes on one store, killed and stopped at random: no slot is lost, none runs twice, none is left running.
// SLOTS=300 is the whole of it; SEED=N repeats the order of misfortunes.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';
import { inTempDir, type RunningCli, startCli } from '../support/cli.ts';

const SLOTS = Number(process.env['SLOTS'] ?? 60);
const SEED = Number(process.env['SEED'] ?? 7);
const JOBS = 10;
const SCHEDULERS = 3;
const LEASE = '2s';
/** Each misfortune comes after that many more runs have begun. */
const TROUBLE_EVERY = 8;
const LOOK_MS = 200;
/** Longer than the lease. */
const IDLE_LOOKS_MAX = 25;

it(
  `${SLOTS} slots, ${SCHEDULERS} schedulers, SIGKILL and SIGSTOP (SEED=${SEED})`,
  () =>
    inTempDir(async dir => {
      mkdirSync(join(dir, 'jobs'));
      for (let i = 0; i < JOBS; i++) writeFileSync(join(dir, `jobs/j${i}.yaml`), jobText(i));
      const chance = drawn(SEED);
      const fleet = new Fleet(dir, chance);
      await fleet.fill();
      for (let effects = 0; effects < SLOTS; ) {
        const wanted = Math.min(SLOTS, effects + TROUBLE_EVERY);
        effects = await fleet.until(() => effectsIn(dir).length, wanted);
        await fleet.trouble();
      }
      // Nothing more is due; what was decided still runs, with the same steps, and comes to its end.
      for (let i = 0; i < JOBS; i++) writeFileSync(join(dir, `jobs/j${i}.yaml`), stepsText(i));
      await fleet.calm();
      await fleet.until(async () => ((await open(dir)) === 0 ? 1 : 0), 1);
      await fleet.end();
      await verdict(dir, fleet);
    }),
  600_000,
);

/** The effect is one short line, so it is there whole or not at all. */
function jobText(i: number): string {
  return `schedule: { cron: "*/2 * * * * *", seconds: true, misfire: all }\n${stepsText(i)}`;
}

function stepsText(i: number): string {
  return `steps:\n  - { id: effect, run: "echo $POSTRIDER_RUN >> ../effects" }\n  - { id: rest, run: "sleep 0.${i}" }\n`;
}

function effectsIn(dir: string): readonly string[] {
  try {
    return readFileSync(join(dir, 'effects'), 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
}

async function withStore<T>(dir: string, work: (store: Awaited<ReturnType<typeof openSqliteStore>>) => Promise<T>): Promise<T> {
  const store = await openSqliteStore(join(dir, 'state/postrider.sqlite'), { clock: systemClock });
  return work(store).finally(() => store.close());
}

/** Runs and decisions that have not come to an end. */
function open(dir: string): Promise<number> {
  return withStore(dir, async store => {
    const runs = await Promise.all(['running', 'waiting', 'interrupted'].map(status => store.runs({ status, limit: 1_000 })));
    return runs.flat().length + (await store.slots.waiting(1_000)).length;
  });
}

async function verdict(dir: string, fleet: Fleet): Promise<void> {
  await withStore(dir, async store => {
    const decisions = await store.slots.decisions({ limit: 10_000 });
    const runs = await store.runs({ limit: 10_000 });
    const effects = effectsIn(dir);
    // Lost: a decided run that nobody knows. Doubled: an effect that came twice.
    const named = decisions.flatMap(({ run }) => run ?? []);
    expect(named.filter(id => !runs.some(run => run.id === id))).toEqual([]);
    expect(effects.length - new Set(effects).size).toBe(0);
    expect(effects.filter(id => !named.includes(id))).toEqual([]);
    const succeeded = runs.filter(({ status }) => status === 'succeeded').map(({ id }) => id);
    expect(succeeded.filter(id => !effects.includes(id))).toEqual([]);
    expect(new Set(runs.map(({ status }) => status))).toEqual(
      new Set(['succeeded', ...(runs.some(r => r.status === 'failed') ? ['failed'] : [])]),
    );
    // No gap: between the first and the last slot of a schedule every one is decided.
    for (let i = 0; i < JOBS; i++) {
      const slots = decisions
        .filter(({ job }) => job === `j${i}`)
        .map(({ slot }) => slot)
        .sort((a, b) => a - b);
      expect(slots).toEqual(slots.map((_, n) => (slots[0] ?? 0) + n * 2_000));
    }
    const failed = runs.filter(({ status }) => status === 'failed').length;
    const crashed = runs.filter(({ crashes = 0 }) => crashes > 0).length;
    console.log(
      `SEED=${SEED}: ${decisions.length} slots decided, ${runs.length} runs (${crashed} survived a crash, ${failed} ended in one), ${effects.length} effects, ${fleet.told()}`,
    );
  });
}

class Fleet {
  readonly #dir: string;
  readonly #chance: () => number;
  readonly #members: RunningCli[] = [];
  readonly #stopped = new Set<RunningCli>();
  #kills = 0;
  #stops = 0;

  constructor(dir: string, chance: () => number) {
    this.#dir = dir;
    this.#chance = chance;
  }

  async fill(): Promise<void> {
    while (this.#members.length < SCHEDULERS) {
      const member = startCli(['schedule', '--state', 'state', '--lease', LEASE, '--drain', '20s'], { cwd: this.#dir });
      this.#members.push(member);
      await member.output(/"started"/);
    }
  }

  async trouble(): Promise<void> {
    const member = this.#members[Math.floor(this.#chance() * this.#members.length)];
    if (member === undefined) return;
    const draw = this.#chance();
    if (draw < 0.5) {
      this.#kills += 1;
      member.child.kill('SIGKILL');
      await member.done;
      this.#stopped.delete(member);
      this.#members.splice(this.#members.indexOf(member), 1);
      await this.fill();
    } else if (this.#stopped.has(member)) this.#go(member);
    else if (this.#stopped.size < SCHEDULERS - 1) {
      this.#stops += 1;
      this.#stopped.add(member);
      member.child.kill('SIGSTOP');
    }
  }

  async calm(): Promise<void> {
    for (const member of this.#stopped) this.#go(member);
    for (const { child } of this.#members) child.kill('SIGHUP');
  }

  async end(): Promise<void> {
    for (const { child } of this.#members) child.kill('SIGTERM');
    expect((await Promise.all(this.#members.map(({ done }) => done))).map(({ code }) => code)).toEqual(Array(SCHEDULERS).fill(0));
  }

  /**
   * Resolves with the count as soon as it is reached. One that was stopped in the middle of a write holds the lock of the database file, and
   * nobody can do anything until it goes on: then it is told to.
   */
  async until(count: () => number | Promise<number>, wanted: number): Promise<number> {
    for (let [last, idle] = [-1, 0]; ; idle++) {
      const now = await count();
      if (now >= wanted) return now;
      if (now !== last) [last, idle] = [now, 0];
      if (idle > IDLE_LOOKS_MAX) for (const member of this.#stopped) this.#go(member);
      await systemClock.sleep(LOOK_MS);
    }
  }

  told(): string {
    return `${this.#kills} SIGKILL, ${this.#stops} SIGSTOP`;
  }

  #go(member: RunningCli): void {
    this.#stopped.delete(member);
    member.child.kill('SIGCONT');
  }
}

function drawn(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}
