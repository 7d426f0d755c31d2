import { expect, it } from 'vitest';
import { Watch } from '../../../src/protocols/net/watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

function rig() {
  const clock = new VirtualClock();
  const expired: string[] = [];
  const watch = new Watch(clock);
  const over = (what: string, ms: number, work: Promise<unknown>) => watch.over(ms, () => expired.push(what), work);
  const never = new Promise<never>(() => undefined);
  return { clock, expired, watch, over, never };
}

it('one timer serves all deadlines, and each is kept to the millisecond', async () => {
  const { clock, expired, over, never } = rig();
  for (let n = 0; n < 100; n++) {
    await over('done in time', 1_000, Promise.resolve());
    await clock.advance(7);
    expect(clock.pending).toBeLessThanOrEqual(1);
  }
  void over('late', 1_000, never);
  await clock.advance(999);
  expect(expired).toEqual([]);
  await clock.advance(1);
  expect(expired).toEqual(['late']);
  await clock.advance(10_000);
  expect(expired).toEqual(['late']);
});

it('a deadline sooner than the one before is not missed', async () => {
  const { clock, expired, over, never } = rig();
  await over('long', 30_000, Promise.resolve());
  void over('short', 100, never);
  await clock.advance(100);
  expect(expired).toEqual(['short']);
});

it('of two at once, each has its own', async () => {
  const { clock, expired, over, never } = rig();
  void over('outer', 2_000, never);
  void over('inner', 1_000, never);
  await clock.advance(1_000);
  expect(expired).toEqual(['inner']);
  await clock.advance(1_000);
  expect(expired).toEqual(['inner', 'outer']);
});

it('settles as the work does, and rings no more once stopped', async () => {
  const { clock, expired, watch, over } = rig();
  expect(await over('value', 1_000, Promise.resolve(7))).toBe(7);
  await expect(over('error', 1_000, Promise.reject(new Error('no')))).rejects.toThrow('no');
  watch.stop();
  expect(clock.pending).toBe(0);
  await clock.advance(10_000);
  expect(expired).toEqual([]);
});

it('what was being watched when it stopped still is, and leaves no timer', async () => {
  const { clock, expired, watch, over, never } = rig();
  void over('late', 1_000, never);
  watch.stop();
  await clock.advance(1_000);
  expect(expired).toEqual(['late']);
  const other = rig();
  const step = other.watch.begin(1_000, () => other.expired.push('late'));
  other.watch.stop();
  expect(other.clock.pending).toBe(1);
  step.cancel();
  expect(other.clock.pending).toBe(0);
});
