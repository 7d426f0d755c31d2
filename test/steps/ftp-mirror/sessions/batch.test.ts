// How many questions a session is handed at once, what becomes of those that a broken session leaves open, and that none is forgotten.
import { expect, test } from 'vitest';
import { BrokenSessionError, RefusedError } from '../../../../src/core/errors.ts';
import type { FtpClient } from '../../../../src/protocols/ftp/index.ts';
import { Batch } from '../../../../src/steps/ftp-mirror/sessions/batch.ts';
import type { Pool } from '../../../../src/steps/ftp-mirror/sessions/pool.ts';

/** A session that answers, at each turn, the oldest third of what it was asked. */
class Session {
  usable = true;
  pipelines = true;
  most = 0;
  asked = 0;
  readonly #open: { path: string; resolve: (size: number) => void; reject: (error: unknown) => void }[] = [];
  /** Breaks when asked for that many. */
  breaksAt = Number.POSITIVE_INFINITY;

  readonly soon = {
    size: (path: string) =>
      new Promise<number>((resolve, reject) => {
        this.asked += 1;
        this.#open.push({ path, resolve, reject });
        this.most = Math.max(this.most, this.#open.length);
      }),
  };

  get riding() {
    return this.#open.length > 0;
  }

  hurry() {}

  async flush(): Promise<void> {
    while (this.#open.length > 0) {
      if (this.asked >= this.breaksAt) {
        this.usable = false;
        const error = new BrokenSessionError('connection-cut', 'cut');
        for (const { reject } of this.#open.splice(0)) reject(error);
        throw error;
      }
      for (const { path, resolve, reject } of this.#open.splice(0, Math.ceil(this.#open.length / 3))) {
        if (path === 'f13') reject(new RefusedError('path-refused', 'no', { command: 'X', replyCode: '550', replyText: '' }));
        else resolve(Number(path.slice(1)));
      }
      await new Promise(resolve => setImmediate(resolve));
    }
  }
}

/** Each use gets its own session; one that breaks is replaced as the pool does. */
function poolOf(sessions: Session[], lanes: number) {
  let next = 0;
  const use = async (work: (client: FtpClient) => Promise<unknown>, attempt = 1): Promise<unknown> => {
    const session = sessions[next++ % sessions.length] as Session;
    try {
      return await work(session as unknown as FtpClient);
    } catch (error) {
      if (attempt === 3 || !(error instanceof BrokenSessionError)) throw error;
      return use(work, attempt + 1);
    }
  };
  return { lanes, use } as unknown as Pool;
}

const COUNT = 1_000;

async function answersOf(batch: Batch): Promise<readonly PromiseSettledResult<number | undefined>[]> {
  return Promise.allSettled(Array.from({ length: COUNT }, (_, n) => batch.soon(soon => soon.size(`f${n}`))));
}

test('a thousand questions go out side by side, each session kept busy and none given more than its share at once', async () => {
  const sessions = Array.from({ length: 4 }, () => new Session());
  const answers = await answersOf(new Batch(poolOf(sessions, 4)));
  expect(answers.map(({ status }, n) => status === (n === 13 ? 'rejected' : 'fulfilled')).every(Boolean)).toBe(true);
  expect(answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : []))).toEqual(
    Array.from({ length: COUNT }, (_, n) => n).filter(n => n !== 13),
  );
  expect(sessions.map(({ most }) => most)).toEqual([150, 150, 150, 110]);
  for (const { asked } of sessions) expect(asked).toBeGreaterThan(COUNT / 8);
  expect(sessions.reduce((sum, { asked }) => sum + asked, 0)).toBe(COUNT);
});

test('what a broken session leaves open is asked again on another', async () => {
  const sessions = Array.from({ length: 3 }, () => new Session());
  (sessions[0] as Session).breaksAt = 200;
  const answers = await answersOf(new Batch(poolOf(sessions, 2)));
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(COUNT - 1);
});

test('when no session lasts, every question gets the reason', async () => {
  const sessions = Array.from({ length: COUNT }, () => Object.assign(new Session(), { breaksAt: 1 }));
  const answers = await answersOf(new Batch(poolOf(sessions, 2)));
  expect(answers.filter(({ status }) => status === 'rejected')).toHaveLength(COUNT);
});

test('a server that bears one command at a time is asked one at a time, over all sessions', async () => {
  const sessions = Array.from({ length: 4 }, () => Object.assign(new Session(), { pipelines: false }));
  const batch = new Batch(poolOf(sessions, 4));
  await batch.soon(soon => soon.size('f0'));
  await answersOf(batch);
  for (const { most, asked } of sessions) expect([most, asked > 1]).toEqual([1, true]);
});
