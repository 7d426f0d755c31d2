// A run that dies: sends one mail over an outbox on disk and is killed before or after a given write. kill-child.ts PORT STORE POINT
import { systemClock } from '../../../src/core/clock.ts';
import type { Outbox } from '../../../src/mail/outbox.ts';
import { smtpSend } from '../../../src/steps/smtp-send/index.ts';
import { openSqliteStore } from '../../../src/stores/sqlite/store.ts';
import { testContext } from '../smtp-context.ts';
import { killedMail } from './killed-mail.ts';

const [port = '', path = '', point = ''] = process.argv.slice(2);
const store = await openSqliteStore(path, { clock: systemClock });

let writes = 0;
const die = () => {
  if (++writes === Number(point)) process.kill(process.pid, 'SIGKILL');
};

function dying<A extends readonly unknown[], R>(call: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return async (...args) => {
    die();
    const result = await call(...args);
    die();
    return result;
  };
}

const { outbox } = store;
const letters = Object.create(outbox) as Outbox;
letters.add = dying((head, message) => outbox.add(head, message));
letters.claim = dying((id, sender, alive) => outbox.claim(id, sender, alive));
letters.dataSent = dying((id, recipients) => outbox.dataSent(id, recipients));
letters.settle = dying((id, changes) => outbox.settle(id, changes));
letters.release = dying(id => outbox.release(id));
for (const read of ['find', 'message'] as const)
  letters[read] = ((...args: never[]) => (outbox[read] as (...all: never[]) => unknown)(...args)) as never;

const endpoint = {
  name: 'outbox',
  type: 'smtp',
  host: 'localhost',
  port: Number(port),
  tls: 'none',
  timeoutMs: 10_000,
  hostname: 'c.test',
} as const;
await smtpSend.run(killedMail(), testContext({ endpoint, letters }));
process.stdout.write(`${writes}\n`);
await store.close();
