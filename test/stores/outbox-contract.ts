// What every store must do for the outbox; part of the contract suite.
import { describe, expect, it } from 'vitest';
import { type Letter, type LetterHead, type Outbox, type Sender, WAIT_MS_MAX } from '../../src/mail/outbox.ts';
import type { Store } from '../../src/stores/store.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';

export function head(run = 'r1', more: Partial<LetterHead> = {}): LetterHead {
  const key = { job: 'nightly', run, report: 'report', file: '/jobs/nightly.yaml', connection: 'outbox' };
  const envelope = { messageId: `<${run}@x>`, from: 'robot@x.org', to: ['a@x.org', 'b@x.org'], subject: 'hi', smtpUtf8: false };
  return { ...key, ...envelope, ...more };
}

const US: Sender = { host: 'h', pid: 1, since: 5 };
const OTHER: Sender = { host: 'h', pid: 2, since: 6 };
const dead = () => false;
const alive = () => true;
const statuses = (letter: Letter | undefined) => letter?.deliveries.map(({ status }) => status);

async function bytesOf(outbox: Outbox, id: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of outbox.message(id)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

export function outboxContract(store: () => Store, clock: VirtualClock): void {
  const box = () => store().outbox;

  describe('the outbox', () => {
    it('freezes a letter once: the second one of the same run and step is the first', async () => {
      const first = await box().add(head(), [Buffer.from('one '), Buffer.from('mail')]);
      expect(first).toMatchObject({ size: 8, held: true, createdAt: clock.now(), from: 'robot@x.org' });
      expect(statuses(first)).toEqual(['queued', 'queued']);
      expect(await box().add(head('r1', { to: ['evil@x.org'], subject: 'other' }), [Buffer.from('changed')])).toEqual(first);
      expect([await bytesOf(box(), first.id), await bytesOf(box(), first.id)]).toEqual(['one mail', 'one mail']);
      expect(await box().find({ job: 'nightly', run: 'r1', report: 'report' })).toEqual(first);
      expect((await box().letter(first.id.slice(0, 6)))?.id).toBe(first.id);
      expect(await box().letter('zz')).toBeUndefined();
      expect((await box().add(head('r2'), [])).id).not.toBe(first.id);
    });

    it('a letter that was not frozen to its end is not there, and the next try begins anew', async () => {
      const broken = (async function* () {
        yield Buffer.from('half');
        throw new Error('disk');
      })();
      await expect(box().add(head(), broken)).rejects.toThrow('disk');
      expect(await box().letters({ limit: 9 })).toEqual([]);
      const { id } = await box().add(head(), [Buffer.alloc(300_000, 'a'), Buffer.alloc(300_000, 'b')]);
      expect(await bytesOf(box(), id)).toBe('a'.repeat(300_000) + 'b'.repeat(300_000));
    });

    it('one sender at a time has a letter; what a dead one had under way is indeterminate', async () => {
      const { id } = await box().add(head(), [Buffer.from('x')]);
      expect(statuses(await box().claim(id, US, alive))).toEqual(['queued', 'queued']);
      await box().dataSent(id, ['a@x.org']);
      expect(await box().claim(id, OTHER, alive)).toBeUndefined();
      const asked: Sender[] = [];
      const taken = await box().claim(id, OTHER, other => {
        asked.push(other);
        return false;
      });
      expect([asked, statuses(taken)]).toEqual([[US], ['indeterminate', 'queued']]);
      expect(taken?.deliveries[0]).toMatchObject({ attempts: 1 });
      await box().release(id);
      expect(await box().claim(id, US, alive)).toBeDefined();
      expect(await box().claim('gone', US, alive)).toBeUndefined();
    });

    it('settles recipient by recipient; the bytes go with the last acceptance', async () => {
      const { id } = await box().add(head(), [Buffer.from('x')]);
      const nextAt = clock.now() + 60_000;
      const first = await box().settle(id, [
        { recipient: 'a@x.org', status: 'accepted', reply: '250 ok' },
        { recipient: 'b@x.org', status: 'deferred', reply: '450 later', nextAt },
      ]);
      expect(first.deliveries).toEqual([
        { recipient: 'a@x.org', status: 'accepted', attempts: 1, reply: '250 ok', at: clock.now() },
        { recipient: 'b@x.org', status: 'deferred', attempts: 1, reply: '450 later', nextAt, at: clock.now() },
      ]);
      expect([first.held, await box().nextDue()]).toEqual([true, nextAt]);
      const last = await box().settle(id, [{ recipient: 'b@x.org', status: 'accepted' }]);
      expect([last.held, last.deliveries[1]?.attempts, await box().nextDue()]).toEqual([false, 2, undefined]);
      await expect(bytesOf(box(), id)).rejects.toMatchObject({ code: 'letter-damaged' });
    });

    it('says what is due: what waits and what a dead sender left, never what is settled or held', async () => {
      const [one, two, three] = [
        await box().add(head('r1'), []),
        await box().add(head('r2'), []),
        await box().add(head('r3'), []),
      ];
      expect(await box().due(clock.now(), 9)).toEqual([]);
      const soon = clock.now() + 60_000;
      expect((await box().due(soon, 9)).map(({ id }) => id).sort()).toEqual([one.id, two.id, three.id].sort());
      const all = (status: 'accepted' | 'indeterminate') => head().to.map(recipient => ({ recipient, status }));
      await box().settle(one.id, all('accepted'));
      await box().settle(two.id, all('indeterminate'));
      await box().dataSent(three.id, head().to);
      expect((await box().due(clock.now(), 9)).map(({ id }) => id)).toEqual([three.id]);
      expect((await box().letters({ open: true, limit: 9 })).map(({ id }) => id)).toEqual([three.id, two.id]);
      expect((await box().letters({ limit: 9 })).length).toBe(3);
      expect(await box().letters({ job: 'other', limit: 9 })).toEqual([]);
    });

    it('resends what is not accepted, and drops for good', async () => {
      const { id } = await box().add(head(), [Buffer.from('x')]);
      await box().settle(id, [
        { recipient: 'a@x.org', status: 'accepted' },
        { recipient: 'b@x.org', status: 'indeterminate' },
      ]);
      expect(await box().requeue(id, 77)).toBe(1);
      expect((await box().letter(id))?.deliveries[1]).toMatchObject({ status: 'queued', attempts: 0, nextAt: 77 });
      await box().drop(id);
      const dropped = await box().letter(id);
      expect([dropped?.held, statuses(dropped), await box().requeue(id, 1)]).toEqual([false, ['accepted', 'not-sent'], 0]);
      expect(await box().add(head(), [Buffer.from('again')])).toEqual(dropped);
      expect(await box().claim(id, US, dead)).toBeDefined();
    });

    it('keeps 5,000 recipients apart', async () => {
      const to = Array.from({ length: 5_000 }, (_, index) => `u${index}@x.org`);
      const { id } = await box().add(head('r1', { to }), [Buffer.from('x')]);
      const settled = await box().settle(
        id,
        to.map((recipient, index) => ({ recipient, status: index % 2 === 0 ? 'accepted' : 'rejected' })),
      );
      expect(settled.deliveries.map(({ recipient, status }) => `${recipient} ${status}`)).toEqual(
        to.map((recipient, index) => `${recipient} ${index % 2 === 0 ? 'accepted' : 'rejected'}`),
      );
    });

    it('forgets a letter ninety days after the last that happened to it, but none that is still to be sent', async () => {
      const { id } = await box().add(head(), [Buffer.from('x')]);
      const unsent = await box().add(head('unsent'), [Buffer.from('x')]);
      await clock.advance(60 * 86_400_000);
      await box().settle(
        id,
        head().to.map(recipient => ({ recipient, status: 'not-sent' })),
      );
      await clock.advance(89 * 86_400_000);
      await box().add(head('r2'), []);
      expect(await box().letter(id)).toBeDefined();
      await clock.advance(2 * 86_400_000);
      await box().add(head('r3'), []);
      expect(await box().letter(id)).toBeUndefined();
      expect(await bytesOf(box(), unsent.id)).toBe('x');
    });

    it('a letter put off by a clock that was ahead is due', async () => {
      const { id } = await box().add(head(), [Buffer.from('x')]);
      const due = async (now: number) => (await box().due(now, 9)).length;
      const nextAt = clock.now() + 1_000 * 86_400_000;
      await box().settle(id, [
        { recipient: 'a@x.org', status: 'deferred', nextAt },
        { recipient: 'b@x.org', status: 'accepted' },
      ]);
      expect([await due(clock.now()), await due(nextAt - WAIT_MS_MAX), await due(nextAt - 1), await due(nextAt)]).toEqual([
        1, 0, 0, 1,
      ]);
    });
  });
}
