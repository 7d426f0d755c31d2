import { describe, expect, it } from 'vitest';
import { NumberedSizes, NumberedUids } from '../../../src/protocols/pop3/numbered.ts';
import { Lifecycle } from '../../../src/steps/pop3-archive/lifecycle.ts';
import { Messages } from '../../../src/steps/pop3-archive/messages.ts';
import { Tally } from '../../../src/steps/pop3-archive/tally.ts';

/** Number → UID; '' for a message without one. */
function listed(entries: Readonly<Record<number, string>>): Messages {
  const [sizes, uids] = [new NumberedSizes(), new NumberedUids()];
  for (const [number, uid] of Object.entries(entries)) {
    sizes.set(Number(number), 10);
    if (uid !== '') uids.set(Number(number), uid);
  }
  return Messages.of({ sizes, uids });
}

function message(messages: Messages, number: number) {
  const found = messages.at(messages.placeOf(number) ?? -1);
  if (found === undefined) throw new Error(`message ${number} is not listed`);
  return found;
}

describe('a tally', () => {
  it('knows a message of an earlier session by its UID, whatever its number is now', () => {
    const tally = new Tally();
    const first = listed({ 1: 'a', 2: 'b', 7: 'c', 9: '' });
    tally.list(first);
    tally.set(message(first, 1), 'archived');
    tally.set(message(first, 2), 'pending');
    tally.set(message(first, 7), 'skipped');
    tally.set(message(first, 9), 'archived');
    const second = listed({ 1: 'b', 2: 'c', 3: 'd', 9: '' });
    tally.list(second);
    expect([1, 2, 3, 9].map(number => tally.isSettled(message(second, number)))).toEqual([false, true, false, false]);
    for (const number of [1, 3, 9]) tally.set(message(second, number), 'duplicates');
    const third = listed({ 1: 'a' });
    tally.list(third);
    expect(tally.isSettled(message(third, 1))).toBe(true);
    const outputs = { listed: 6, archived: 2, duplicates: 3, skipped: 1, quarantined: 0, pending: 0, deleted: 0, bytes: 0 };
    expect(tally.outputs()).toEqual(outputs);
    expect(tally.outputs()).toEqual(outputs);
  });

  it('takes it for a bug when a message has no fate, two fates, or was never listed', () => {
    const tally = new Tally();
    const messages = listed({ 1: 'a', 3: 'b' });
    tally.list(messages);
    tally.set(message(messages, 3), 'archived');
    expect(() => tally.outputs()).toThrow('not accounted for');
    expect(() => tally.set(message(messages, 3), 'skipped')).toThrow('two fates');
    expect(() => tally.set({ number: 2, size: 10, uidl: 'c' }, 'skipped')).toThrow('never listed');
  });
});

describe('a lifecycle', () => {
  it('keeps the stage of each number apart from its neighbours', () => {
    const lifecycle = new Lifecycle();
    const numbers = [1, 9, 10, 11, 9_999_999_999];
    for (const number of numbers) lifecycle.advance(number, 'durable');
    lifecycle.advance(10, 'dele-sent');
    lifecycle.advance(11, 'dele-sent');
    lifecycle.advance(11, 'dele-acked');
    expect([0, 2, ...numbers].map(number => lifecycle.stage(number))).toEqual([
      ...['listed', 'listed', 'durable', 'durable', 'dele-sent', 'dele-acked', 'durable'],
    ]);
    expect(lifecycle.advanceAll('durable', 'dele-sent')).toEqual([1, 9, 9_999_999_999]);
    expect(lifecycle.stage(9)).toBe('dele-sent');
    expect(() => lifecycle.advance(9, 'quit-sent')).toThrow('cannot go from dele-sent to quit-sent');
  });
});
