import { describe, expect, it } from 'vitest';
import { Places } from '../../src/run/places.ts';
import { settled } from '../support/virtual-clock.ts';

const never = new AbortController().signal;

describe('places', () => {
  const places = () => new Places({ total: 2, limitOf: key => (key === 'mailbox' ? 1 : 2) });

  it('are as many as said, and the one who waits first is served first', async () => {
    const all = places();
    const order: string[] = [];
    const [a] = [await all.take([], never), await all.take([], never)];
    expect(all.free).toBe(0);
    for (const name of ['c', 'd']) void all.take([], never).then(() => order.push(name));
    a?.();
    a?.();
    await settled();
    expect(order).toEqual(['c']);
  });

  it('who waits for a busy server holds nobody up', async () => {
    const all = places();
    const order: string[] = [];
    const mailbox = await all.take(['mailbox'], never);
    void all.take(['mailbox'], never).then(() => order.push('mailbox'));
    void all.take(['web'], never).then(() => order.push('web'));
    await settled();
    expect(order).toEqual(['web']);
    mailbox?.();
    await settled();
    expect(order).toEqual(['web', 'mailbox']);
  });

  it('who gives up leaves the line', async () => {
    const all = new Places({ total: 1, limitOf: () => 1 });
    const [leave, control] = [await all.take([], never), new AbortController()];
    const gone = all.take([], control.signal);
    control.abort();
    expect(await gone).toBeUndefined();
    expect(await all.take([], control.signal)).toBeUndefined();
    leave?.();
    expect(all.free).toBe(1);
  });
});
