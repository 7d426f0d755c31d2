// A year of many jobs under chance: schedulers that die in any call, clocks that are set, machines that sleep, files that are edited, jobs
// that are paused. Every slot gets one decision and at most one run. YEAR_JOBS=1000 YEAR_DAYS=365 is the whole of it; SEED=N repeats one.
import { expect, it } from 'vitest';
import { slotsBetween } from '../../src/schedule/slots.ts';
import { timetableOf } from '../../src/schedule/timetable.ts';
import type { Decision } from '../../src/stores/store.ts';
import { DAY, Simulation } from './simulation.ts';

const JOBS = Number(process.env['YEAR_JOBS'] ?? 20);
const DAYS = Number(process.env['YEAR_DAYS'] ?? 30);
const SEED = Number(process.env['SEED'] ?? crypto.getRandomValues(new Uint32Array(1))[0]);

it(`every slot of ${DAYS} days of ${JOBS} jobs has one decision, at most one run, and an end (SEED=${SEED})`, async () => {
  const started = performance.now();
  const sim = await Simulation.start({ jobs: JOBS, seed: SEED });
  await sim.run(DAYS * DAY, { troubled: true });
  await sim.run(3 * DAY, { troubled: false });
  const { store, lifetimes } = sim;
  const problems: string[] = [];
  let [slots, runs] = [0, 0];
  for (const name of sim.names) {
    const decisions = await allDecisions(name);
    const keys = new Set(decisions.map(({ schedule, slot }) => `${schedule} ${slot}`));
    for (const { schedule, id, anchor, from, until } of lifetimes.filter(({ job }) => job === name)) {
      const due = slotsBetween(timetableOf(schedule, { job: name, anchor }), from, until, 1_000_000);
      slots += due.length;
      for (const { at } of due)
        if (!keys.has(`${id} ${at}`)) problems.push(`${name} ${id} ${new Date(at).toISOString()}: not decided`);
    }
    for (const { action, run, open, slot } of decisions) {
      const where = `${name} ${new Date(slot).toISOString()}`;
      if (open) problems.push(`${where}: still waits`);
      if ((action === 'skipped') !== (run === undefined)) problems.push(`${where}: ${action}, run ${run}`);
      if (run === undefined) continue;
      runs += 1;
      if ((await store.run(run))?.finishedAt === undefined) problems.push(`${where}: run ${run} has not ended`);
    }
  }
  expect(problems.slice(0, 20)).toEqual([]);
  expect([...sim.begun.values()].filter(times => times > 1)).toEqual([]);
  for (const status of ['running', 'waiting', 'interrupted']) expect(await store.runs({ status, limit: 9 })).toEqual([]);
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  console.log(`SEED=${SEED}: ${slots} slots, ${runs} runs, ${sim.told()} in ${seconds} s`);

  async function allDecisions(job: string): Promise<readonly Decision[]> {
    const found = new Map<string, Decision>();
    let full = 0;
    for (let until = Number.MAX_SAFE_INTEGER; ; ) {
      const page = await store.slots.decisions({ job, until, limit: 10_000 });
      for (const decision of page) found.set(`${decision.schedule} ${decision.slot}`, decision);
      full += page.length;
      const last = page.at(-1)?.slot;
      if (page.length < 10_000 || last === undefined || last === until) break;
      until = last;
    }
    expect(full).toBeGreaterThanOrEqual(found.size);
    return [...found.values()];
  }
}, 600_000);
