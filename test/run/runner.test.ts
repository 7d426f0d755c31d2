import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { AppError, BrokenSessionError, CancelledError, RefusedError, type RetryClass } from '../../src/core/errors.ts';
import { Redactor } from '../../src/core/secret.ts';
import { prepareExpressions } from '../../src/job/expression-engine.ts';
import type { RunDeps } from '../../src/run/deps.ts';
import type { RunListener } from '../../src/run/events.ts';
import { INTERRUPT_GRACE_MS, TIMEOUT_GRACE_MS } from '../../src/run/grace.ts';
import type { Resume } from '../../src/run/resume.ts';
import { runPlan } from '../../src/run/runner.ts';
import { PARALLEL_STEPS_MAX } from '../../src/run/slots.ts';
import { NOTES_KEPT_MAX } from '../../src/run/state.ts';
import { NOTE_LENGTH_MAX, NOTES_PER_STEP_MAX } from '../../src/run/step-context.ts';
import {
  deaf,
  Recording,
  type Script,
  type ScriptedStep,
  scriptedDeps,
  scriptedPlan,
  untilAborted,
} from '../support/scripted-step.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

beforeAll(prepareExpressions);

const fails =
  (retry: RetryClass = 'never', code = 'broken'): Script =>
  () => {
    throw new AppError(code, `it is ${code}`, { retry });
  };

interface Options {
  readonly timeoutMs?: number;
  readonly onFailure?: readonly ScriptedStep[];
  readonly deps?: Partial<RunDeps>;
}

function start(steps: readonly ScriptedStep[], { deps = {}, ...options }: Options = {}) {
  const clock = new VirtualClock();
  const heard = new Recording();
  const listeners = [...(deps.listeners ?? []), heard];
  const work = runPlan(scriptedPlan(steps, options), scriptedDeps(clock, { ...deps, listeners }));
  return { clock, heard, work };
}

async function run(steps: readonly ScriptedStep[], options: Options = {}) {
  const { clock, heard, work } = start(steps, options);
  const outcome = await clock.until(work);
  const statuses = Object.fromEntries(outcome.steps.map(step => [step.id, step.status]));
  return { outcome, heard, clock, statuses };
}

describe('the order', () => {
  it('follows needs, and steps without an edge run side by side', async () => {
    const log: string[] = [];
    const timed =
      (id: string, ms: number): Script =>
      async ({ clock }) => {
        log.push(`+${id}`);
        await clock.sleep(ms);
        log.push(`-${id}`);
        return {};
      };
    const { outcome } = await run([
      { id: 'a', run: timed('a', 100) },
      { id: 'b', run: timed('b', 50) },
      { id: 'c', needs: ['a', 'b'], run: timed('c', 10) },
    ]);
    expect(log).toEqual(['+a', '+b', '-b', '-a', '+c', '-c']);
    expect(outcome).toMatchObject({ status: 'succeeded', durationMs: 110 });
  });

  it('lets no more than the cap work at once', async () => {
    let [now, most] = [0, 0];
    const work: Script = async ({ clock }) => {
      most = Math.max(most, ++now);
      await clock.sleep(10);
      now -= 1;
      return {};
    };
    const { outcome } = await run(Array.from({ length: PARALLEL_STEPS_MAX * 3 }, (_, i) => ({ id: `s${i}`, run: work })));
    expect(most).toBe(PARALLEL_STEPS_MAX);
    expect(outcome.status).toBe('succeeded');
  });

  it('gives the slot of a waiting retry to others', async () => {
    const waiting = Array.from({ length: PARALLEL_STEPS_MAX }, (_, i) => ({
      id: `w${i}`,
      run: fails('later'),
      retry: { attempts: 2 },
    }));
    const { heard } = await run([...waiting, { id: 'other' }]);
    expect(heard.types.indexOf('step-finished other')).toBeLessThan(heard.types.indexOf('step-finished w0'));
  });
});

describe('if', () => {
  const table: readonly (readonly [string, readonly ScriptedStep[], Record<string, string>, string])[] = [
    [
      'a failure skips what needs it',
      [
        { id: 'a', run: fails() },
        { id: 'b', needs: ['a'] },
      ],
      { a: 'failed', b: 'skipped' },
      'failed',
    ],
    ['and not what does not', [{ id: 'a', run: fails() }, { id: 'b' }], { a: 'failed', b: 'succeeded' }, 'failed'],
    [
      'a skip passes on',
      [
        { id: 'a', if: 'failure()' },
        { id: 'b', needs: ['a'] },
      ],
      { a: 'skipped', b: 'skipped' },
      'succeeded',
    ],
    [
      'always() and failure() run after a failure, also from afar',
      [
        { id: 'a', run: fails() },
        { id: 'b', needs: ['a'] },
        { id: 'c', needs: ['b'], if: 'failure()' },
        { id: 'd', needs: ['b'], if: 'always()' },
        { id: 'e', needs: ['b'], if: 'cancelled()' },
      ],
      { a: 'failed', b: 'skipped', c: 'succeeded', d: 'succeeded', e: 'skipped' },
      'failed',
    ],
    [
      'continue-on-error is a success for the others and for the run',
      [
        { id: 'a', run: fails(), continueOnError: true },
        { id: 'b', needs: ['a'] },
        { id: 'c', needs: ['a'], if: 'failure()' },
        { id: 'd', needs: ['a'], if: "steps.a.outcome == 'failure'" },
      ],
      { a: 'failed', b: 'succeeded', c: 'skipped', d: 'succeeded' },
      'succeeded',
    ],
    [
      'job.status tells of what a step depends on',
      [
        { id: 'a', if: "job.status == 'success'", run: fails() },
        { id: 'b', needs: ['a'], if: "always() && job.status == 'failure'" },
        { id: 'c', if: "always() && job.status == 'failure'" },
      ],
      { a: 'failed', b: 'succeeded', c: 'skipped' },
      'failed',
    ],
    [
      'outputs decide',
      [
        { id: 'a', run: () => ({ uploaded: 0 }) },
        { id: 'b', needs: ['a'], if: 'steps.a.outputs.uploaded > 0' },
      ],
      { a: 'succeeded', b: 'skipped' },
      'succeeded',
    ],
    [
      'a broken condition fails its step',
      [{ id: 'a', if: 'fromJSON(vars.nothing).x' }, { id: 'b' }],
      { a: 'failed', b: 'succeeded' },
      'failed',
    ],
    [
      'a step left out counts as succeeded',
      [
        { id: 'a', excluded: true, run: fails() },
        { id: 'b', needs: ['a'] },
      ],
      { a: 'skipped', b: 'succeeded' },
      'succeeded',
    ],
  ];
  it.each(table)('%s', async (_, steps, expected, status) => {
    const { statuses, outcome } = await run(steps);
    expect(statuses).toEqual(expected);
    expect(outcome.status).toBe(status);
  });

  it('tells the error of the first step that failed', async () => {
    const late: Script = async ({ clock }) => {
      await clock.sleep(5);
      throw new AppError('late', 'late');
    };
    const { outcome, heard } = await run([
      { id: 'a', run: late },
      { id: 'b', run: fails('never', 'early') },
    ]);
    expect(outcome.error?.code).toBe('early');
    expect(heard.of('run-finished')[0]?.error?.code).toBe('early');
  });
});

describe('retries', () => {
  it('wait longer each time, and tell so', async () => {
    const flaky: Script = (_, attempt) => {
      if (attempt < 3) throw new BrokenSessionError('cut', 'cut');
      return { tries: attempt };
    };
    const { outcome, heard } = await run([{ id: 'a', run: flaky, retry: { attempts: 3, delayMs: 1_000, factor: 2 } }]);
    expect(heard.types).toEqual([
      'run-started',
      'step-started a',
      'step-retrying a',
      'step-started a',
      'step-retrying a',
      'step-started a',
      'step-finished a',
      'run-finished',
    ]);
    expect(heard.of('step-retrying').map(event => [event.attempt, event.delayMs])).toEqual([
      [1, 500],
      [2, 1_000],
    ]);
    expect(outcome.steps[0]).toMatchObject({ status: 'succeeded', attempts: 3, outputs: { tries: 3 }, durationMs: 1_500 });
  });

  it.each([
    ['later', true, 3],
    ['reconnect', true, 3],
    ['never', true, 1],
    ['later', false, 1],
  ] as const)('after %s, repeatable %s: %i attempts', async (retry, repeatable, attempts) => {
    const { outcome } = await run([{ id: 'a', run: fails(retry), repeatable, retry: { attempts: 3 } }]);
    expect(outcome.steps[0]).toMatchObject({ status: 'failed', attempts });
  });

  it('end what the failed attempt left open before they wait', async () => {
    const signals: AbortSignal[] = [];
    const leaky: Script = ({ signal }, attempt) => {
      signals.push(signal);
      if (attempt === 1) throw new BrokenSessionError('cut', 'cut');
      return {};
    };
    const { heard } = await run([{ id: 'a', run: leaky }]);
    expect(heard.of('step-retrying')).toHaveLength(1);
    expect(signals.map(signal => signal.aborted)).toEqual([true, false]);
  });

  it('do not wait for a moment after the timeout', async () => {
    const { outcome } = await run([
      { id: 'a', run: fails('later'), timeoutMs: 2_000, retry: { attempts: 5, delayMs: 4_000, jitter: 'none' } },
    ]);
    expect(outcome.steps[0]).toMatchObject({ status: 'failed', attempts: 1, durationMs: 0, error: { code: 'broken' } });
  });

  it('stop waiting at once when the run is cancelled', async () => {
    const stop = new AbortController();
    const steps = [{ id: 'a', run: fails('later'), retry: { delayMs: 60_000, jitter: 'none' as const } }];
    const { clock, work, heard } = start(steps, { deps: { signal: stop.signal } });
    await clock.advance(1_000);
    stop.abort(new CancelledError('interrupted'));
    const outcome = await work;
    expect(outcome).toMatchObject({ status: 'cancelled', durationMs: 1_000, error: { code: 'cancelled' } });
    expect(heard.of('step-finished')).toMatchObject([{ status: 'cancelled', attempts: 1 }]);
    expect(clock.pending).toBe(0);
  });
});

describe('timeouts', () => {
  it('of a step cover all its attempts', async () => {
    const slow: Script = async ({ clock, signal }) => {
      await clock.sleep(600, signal);
      throw new BrokenSessionError('cut', 'cut');
    };
    const { outcome, clock } = await run([
      { id: 'a', run: slow, timeoutMs: 1_000, retry: { attempts: 9, delayMs: 10 } },
      { id: 'b', needs: ['a'], if: 'failure()' },
    ]);
    expect(outcome.steps[0]).toMatchObject({
      status: 'timed-out',
      attempts: 2,
      durationMs: 1_000,
      error: { code: 'step-timed-out', retry: 'never' },
    });
    expect(outcome.steps[1]?.status).toBe('succeeded');
    expect(outcome.status).toBe('failed');
    expect(clock.pending).toBe(0);
  });

  it('of the job end what runs; always() still runs, and so does on-failure', async () => {
    const { outcome, statuses } = await run(
      [
        { id: 'slow', run: untilAborted },
        { id: 'next', needs: ['slow'] },
        { id: 'other' },
        { id: 'report', needs: ['next'], if: 'always()' },
        { id: 'told', needs: ['slow'], if: 'cancelled()' },
      ],
      { timeoutMs: 5_000, onFailure: [{ id: 'alarm' }] },
    );
    expect(statuses).toEqual({
      slow: 'timed-out',
      next: 'cancelled',
      other: 'succeeded',
      report: 'succeeded',
      told: 'succeeded',
      alarm: 'succeeded',
    });
    expect(outcome).toMatchObject({ status: 'timed-out', durationMs: 5_000, error: { code: 'run-timed-out' } });
  });

  it('leave a deaf step behind after the grace, with a note', async () => {
    const { outcome } = await run([{ id: 'a', run: deaf, timeoutMs: 1_000 }]);
    expect(outcome.steps[0]).toMatchObject({ status: 'timed-out', durationMs: 1_000 + TIMEOUT_GRACE_MS });
    expect(outcome.steps[0]?.notes.at(-1)?.message).toMatch(/left behind/);
  });

  it('count a step that ends well all the same as succeeded', async () => {
    const work: Script = async ({ clock }) => {
      await clock.sleep(1_500);
      return { done: true };
    };
    const { outcome } = await run([{ id: 'a', run: work, timeoutMs: 1_000 }]);
    expect(outcome.steps[0]).toMatchObject({ status: 'succeeded', outputs: { done: true } });
  });
});

describe('an interrupt', () => {
  it('ends everything at once: nothing more starts, not even always() and on-failure', async () => {
    const stop = new AbortController();
    const { clock, work } = start(
      [
        { id: 'a', run: untilAborted },
        { id: 'b', needs: ['a'] },
        { id: 'c', needs: ['a'], if: 'always()' },
        { id: 'd', run: deaf },
      ],
      { deps: { signal: stop.signal }, onFailure: [{ id: 'alarm' }] },
    );
    await clock.advance(100);
    stop.abort(new CancelledError());
    const outcome = await clock.until(work);
    expect(outcome.status).toBe('cancelled');
    expect(outcome.durationMs).toBe(100 + INTERRUPT_GRACE_MS);
    expect(outcome.steps.map(step => [step.id, step.status])).toEqual(['a', 'b', 'c', 'd'].map(id => [id, 'cancelled']));
  });

  it('before the run starts nothing', async () => {
    const { outcome } = await run([{ id: 'a', run: fails() }], { deps: { signal: AbortSignal.abort() } });
    expect(outcome).toMatchObject({ status: 'cancelled', steps: [{ status: 'cancelled', attempts: 0 }] });
  });

  it('after a timeout shortens the grace', async () => {
    const stop = new AbortController();
    const { clock, work } = start([{ id: 'a', run: deaf, timeoutMs: 1_000 }], { deps: { signal: stop.signal } });
    await clock.advance(1_200);
    stop.abort(new CancelledError());
    expect((await clock.until(work)).durationMs).toBe(1_200 + INTERRUPT_GRACE_MS);
  });
});

describe('on-failure steps', () => {
  it('run in order after a failed run, whatever becomes of them', async () => {
    const { outcome, statuses, heard } = await run([{ id: 'a', run: fails('never', 'first') }], {
      onFailure: [{ id: 'x', run: fails('never', 'second') }, { id: 'y' }],
    });
    expect(statuses).toEqual({ a: 'failed', x: 'failed', y: 'succeeded' });
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'first' } });
    expect(heard.of('run-finished')[0]?.steps).toEqual(statuses);
  });

  it('do not run after a good one', async () => {
    const { statuses } = await run([{ id: 'a' }], { onFailure: [{ id: 'x' }] });
    expect(statuses).toEqual({ a: 'succeeded' });
  });
});

describe('what goes wrong', () => {
  it.each([
    ['a bug', () => Promise.reject(new TypeError('undefined is not a function')), 'unexpected'],
    ['a thrown text', () => Promise.reject('text'), 'unexpected'],
    ['a step that throws at once', fails('never', 'at-once'), 'at-once'],
  ] as const)('%s fails its step, and the run goes on', async (_, script, code) => {
    const { statuses, outcome } = await run([{ id: 'a', run: script as Script }, { id: 'b' }]);
    expect(statuses).toEqual({ a: 'failed', b: 'succeeded' });
    expect(outcome.error?.code).toBe(code);
  });

  it('a missing secret fails the step that names it', async () => {
    const resolveSecret = async (name: string) => {
      throw new AppError('secret-missing', `no secret ${name}`);
    };
    const { outcome } = await run([{ id: 'a', with: { x: '$' + '{{ secrets.token }}' } }], { deps: { resolveSecret } });
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'secret-missing' } });
  });

  it('a reply of the server that the message leaves out becomes a note', async () => {
    const refused: Script = () => {
      throw new RefusedError('refused', 'the server refused it', { command: 'STOR x', replyCode: '553', replyText: 'no space' });
    };
    const { outcome } = await run([{ id: 'a', run: refused }]);
    expect(outcome.steps[0]?.notes).toEqual([{ level: 'error', message: 'the server answered STOR x with: 553 no space' }]);
  });

  it('a listener that throws hears no more; the others hear why', async () => {
    let calls = 0;
    const broken: RunListener = {
      name: 'broken',
      on: async () => {
        calls += 1;
        if (calls === 2) throw new Error('no ink');
      },
    };
    const { outcome, heard } = await run([{ id: 'a' }], { deps: { listeners: [broken] } });
    expect(calls).toBe(2);
    expect(heard.of('step-note').map(event => event.message)).toEqual(['broken stopped listening: no ink']);
    expect(outcome).toMatchObject({ status: 'succeeded', dropped: [{ listener: 'broken', error: { code: 'unexpected' } }] });
  });
});

describe('events', () => {
  it('of progress come at a low rate, and the newest always comes', async () => {
    const busy: Script = async ({ clock, progress }) => {
      for (let done = 1; done <= 1_000; done++) {
        progress({ done, total: 1_000, unit: 'files' });
        await clock.sleep(1);
      }
      progress({ done: 1_001, unit: 'files' });
      return {};
    };
    const { heard } = await run([{ id: 'a', run: busy }]);
    const progress = heard.of('step-progress');
    expect(progress.length).toBeLessThanOrEqual(12);
    expect(progress.at(-1)?.done).toBe(1_001);
    expect(heard.types.indexOf('step-finished a')).toBeGreaterThan(heard.types.lastIndexOf('step-progress a'));
  });

  it('after the end of an attempt are not heard', async () => {
    const late: Script = ({ note, progress, clock }) => {
      clock.after(5, () => {
        note('info', 'too late');
        progress({ done: 1, unit: 'files' });
      });
      return {};
    };
    const wait: Script = async ({ clock }) => {
      await clock.sleep(500);
      return {};
    };
    const { heard } = await run([
      { id: 'a', run: late },
      { id: 'b', run: wait },
    ]);
    expect(heard.of('step-note')).toEqual([]);
    expect(heard.of('step-progress')).toEqual([]);
  });

  it('of notes end at their limit with a word; reports keep the newest', async () => {
    const chatty: Script = ({ note }) => {
      for (let i = 1; i <= NOTES_PER_STEP_MAX + 5; i++) note('info', `note ${i}`);
      return {};
    };
    const { heard, outcome } = await run([{ id: 'a', run: chatty }]);
    expect(heard.of('step-note')).toHaveLength(NOTES_PER_STEP_MAX);
    expect(heard.of('step-note').at(-1)?.message).toMatch(/too many notes/);
    expect(outcome.steps[0]?.notes).toHaveLength(NOTES_KEPT_MAX);
  });

  it('wait for slow listeners, in order', async () => {
    const heard: string[] = [];
    const slow: RunListener = {
      name: 'slow',
      on: async event => {
        await settled();
        heard.push(event.type);
      },
    };
    await run([{ id: 'a' }], { deps: { listeners: [slow] } });
    expect(heard).toEqual(['run-started', 'step-started', 'step-finished', 'run-finished']);
  });

  it('hold not even half a secret where a note is cut', async () => {
    const leak: Script = async ({ note, secret }) => {
      const value = (await secret('token')).reveal();
      note('info', `${'x'.repeat(NOTE_LENGTH_MAX - 10)}${value}`);
      return {};
    };
    const { heard } = await run([{ id: 'a', run: leak }]);
    expect(heard.of('step-note')[0]?.message).toBe(`${'x'.repeat(NOTE_LENGTH_MAX - 10)}****`);
  });

  it('hold no secret, in whatever form', async () => {
    const canary = 'secret-value-of-token';
    const leak: Script = async ({ note, secret, progress }, _, config) => {
      const value = (await secret('token')).reveal();
      note('info', `${value} ${encodeURIComponent(value)} ${Buffer.from(value).toString('base64')}`);
      progress({ done: 1, unit: 'files', item: value });
      expect((config as { x: string }).x).toBe(value);
      throw new AppError('leak', `said ${value}`, { hint: value });
    };
    const seen: unknown[] = [];
    const look: Script = ({ steps }) => {
      seen.push(steps());
      return { copy: canary };
    };
    const { heard, outcome } = await run(
      [
        { id: 'a', with: { x: '$' + '{{ secrets.token }}' }, run: leak },
        { id: 'b', needs: ['a'], if: 'always()', run: look },
      ],
      { deps: { redactor: new Redactor() } },
    );
    const everything = JSON.stringify([heard.events, outcome, seen]);
    expect(everything).not.toContain(canary);
    expect(everything).not.toContain(Buffer.from(canary).toString('base64').replace(/=+$/, ''));
    expect(outcome.steps[0]?.status).toBe('failed');
  });
});

describe('any run', () => {
  it('ends in exactly one run-finished, numbered in order, every step ended once', async () => {
    const scripts: readonly Script[] = [
      () => ({}),
      fails(),
      fails('later'),
      async ({ clock, signal }) => {
        await clock.sleep(700, signal);
        return {};
      },
      untilAborted,
      deaf,
    ];
    const step = fc.record({
      script: fc.nat(scripts.length - 1),
      needs: fc.array(fc.nat(7), { maxLength: 3 }),
      if: fc.constantFrom('success()', 'failure()', 'always()', 'cancelled()'),
      continueOnError: fc.boolean(),
      excluded: fc.boolean(),
    });
    const runs = fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 8 }), interruptAt: fc.option(fc.nat(3_000)) });
    const property = fc.asyncProperty(runs, async ({ steps, interruptAt }) => {
      const stop = new AbortController();
      const scripted = steps.map(({ script, needs, ...rest }, i): ScriptedStep => {
        const earlier = [...new Set(needs.filter(need => need < i))].map(need => `s${need}`);
        return { id: `s${i}`, ...rest, needs: earlier, run: scripts[script] as Script, timeoutMs: 2_000 };
      });
      const { clock, heard, work } = start(scripted, {
        deps: { signal: stop.signal },
        timeoutMs: 20_000,
        onFailure: [{ id: 'h', run: fails() }],
      });
      if (interruptAt !== null) clock.after(interruptAt, () => stop.abort(new CancelledError()));
      const outcome = await clock.until(work);
      expect(heard.of('run-finished')).toHaveLength(1);
      expect(heard.types.at(-1)).toBe('run-finished');
      expect(heard.events.map(event => event.seq)).toEqual(heard.events.map((_, i) => i + 1));
      const ended = heard.of('step-finished').map(event => event.step);
      expect(new Set(ended).size).toBe(ended.length);
      expect(ended.sort()).toEqual(outcome.steps.map(({ id }) => id).sort());
    });
    await fc.assert(property, { seed: Number(process.env['FUZZ_SEED'] ?? 20261123), numRuns: 60 });
  });
});

describe('a run that goes on', () => {
  const ended = (status: 'succeeded' | 'failed', outputs = {}) => ({ status, outputs, attempts: 1, durationMs: 5 }) as const;
  const resume = (overrides: Partial<Resume>): Partial<RunDeps> => ({
    resume: { ended: new Map(), interrupted: new Set(), mayRepeat: true, lastSeq: 7, startedAt: 42, note: 'again', ...overrides },
  });

  it('keeps what has ended with its outputs, and numbers its events on', async () => {
    const seen: unknown[] = [];
    const { outcome, heard } = await run(
      [
        { id: 'a', run: fails() },
        {
          id: 'b',
          needs: ['a'],
          with: { text: '${{ steps.a.outputs.x }}' },
          run: (context, _, config) => ({ seen: seen.push(config, context.run.startedAt) }),
        },
      ],
      { deps: resume({ ended: new Map([['a', ended('succeeded', { x: 'kept' })]]) }) },
    );
    expect(outcome).toMatchObject({
      status: 'succeeded',
      steps: [{ id: 'a', outputs: { x: 'kept' }, attempts: 1 }, { id: 'b' }],
    });
    expect(seen).toEqual([{ text: 'kept' }, 42]);
    expect(heard.types).toEqual(['run-started', 'step-note b', 'step-started b', 'step-finished b', 'run-finished']);
    expect(heard.events.map(({ seq }) => seq)).toEqual([8, 9, 10, 11, 12]);
  });

  it('runs an interrupted step again when that does no harm', async () => {
    const { statuses } = await run([{ id: 'a', repeatable: true }], { deps: resume({ interrupted: new Set(['a']) }) });
    expect(statuses).toEqual({ a: 'succeeded' });
  });

  it.each([
    ['one that could do something twice', { repeatable: false }, {}],
    ['any, after too many crashes', { repeatable: true }, { mayRepeat: false }],
  ])('fails an interrupted step: %s; clean-up and alerts still run', async (_, step, state) => {
    let ran = 0;
    const { outcome, statuses } = await run(
      [
        { id: 'a', ...step, run: () => ({ ran: ++ran }), retry: { attempts: 5 } },
        { id: 'b', needs: ['a'] },
        { id: 'c', needs: ['a'], if: 'always()' },
      ],
      { onFailure: [{ id: 'alert' }], deps: resume({ interrupted: new Set(['a']), ...state }) },
    );
    expect(ran).toBe(0);
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'interrupted' } });
    expect(statuses).toEqual({ a: 'failed', b: 'skipped', c: 'succeeded', alert: 'succeeded' });
  });

  it('does not run an alert twice', async () => {
    const { heard } = await run([{ id: 'a' }], {
      onFailure: [{ id: 'first' }, { id: 'second' }],
      deps: resume({
        ended: new Map([
          ['a', ended('failed')],
          ['first', ended('succeeded')],
        ]),
      }),
    });
    expect(heard.types.filter(type => type.startsWith('step-started'))).toEqual(['step-started second']);
  });
});

describe('places', () => {
  it('are given back while a step waits for its retry, and taken again', async () => {
    const log: string[] = [];
    const takePlace: RunDeps['takePlace'] = async step => {
      log.push(`+${step.id}`);
      return () => void log.push(`-${step.id}`);
    };
    const { outcome } = await run(
      [
        { id: 'a', run: (_, attempt) => (attempt === 1 ? fails('later')({} as never, 1, {}) : {}) },
        { id: 'b', run: ({ clock }) => clock.sleep(1).then(() => ({})) },
      ],
      { deps: { takePlace } },
    );
    expect(outcome.status).toBe('succeeded');
    expect(log.filter(line => line.endsWith('a'))).toEqual(['+a', '-a', '+a', '-a']);
    expect(log.filter(line => line.endsWith('b'))).toEqual(['+b', '-b']);
  });

  it('a step that is stopped while it waits for one is cancelled', async () => {
    const stop = new AbortController();
    const takePlace: RunDeps['takePlace'] = (_, signal) =>
      new Promise(resolve => signal.addEventListener('abort', () => resolve(undefined)));
    const { work, clock } = start([{ id: 'a' }], { deps: { takePlace, signal: stop.signal } });
    await settled();
    stop.abort();
    expect((await clock.until(work)).status).toBe('cancelled');
  });
});
