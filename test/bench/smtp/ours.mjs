// Our client as a process of its own: ours.mjs HOST PORT COUNT BYTES overlap|batch|chunks|attachment; prints what it took as JSON.
import { randomBytes } from 'node:crypto';
<<<<<<< HEAD:test/bench/smtp/ours.ts
import { createReadStream, statSync } from 'node:fs';
import { systemClock } from '../../../src/core/clock.ts';
import { streamMail } from '../../../src/mail/stream.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import { connectSmtp, type OutgoingMail, rememberChunking, type ServerMemory } from '../../../src/protocols/smtp/index.ts';
import { FROM, messages, report, TO } from './mails.ts';
=======
import { systemClock } from '../../../dist/core/clock.js';
import { streamMail } from '../../../dist/mail/stream.js';
import { dial } from '../../../dist/protocols/net/dial.js';
import { connectSmtp, rememberChunking } from '../../../dist/protocols/smtp/index.js';
import { openAttachments } from '../../../dist/steps/smtp-attachments.js';
import { FROM, messages, report, TO } from './mails.mjs';
>>>>>>> 21b9bbc (smtp: the next mail is made ready while the server thinks; a batch finds out by itself whether its server takes whole mails in a window; bench smtp says met or missed):test/bench/smtp/ours.mjs

const [host = '', port = '', count = '', bytes = '', way = ''] = process.argv.slice(2);
const values = new Map();
const memory = { get: async key => values.get(key), put: async (key, value) => void values.set(key, value) };
const endpoint = {
  name: 'b',
  type: 'smtp',
  host,
  port: Number(port),
  tls: 'none',
  timeoutMs: 60_000,
  hostname: 'c.test',
};

/** A round trip: something was written, and then something was heard. */
let [trips, asked] = [0, false];
const counted = async (to, options) => {
  const transport = await dial(to, options);
  const [read, write] = [transport.read.bind(transport), transport.write.bind(transport)];
  transport.write = bytes => {
    asked ||= bytes.length > 0;
    return write(bytes);
  };
  transport.read = async () => {
    const chunk = await read();
    if (asked) trips += 1;
    asked = false;
    return chunk;
  };
  return transport;
};
// `batch` is what `outbox flush` says: the server is asked on the way whether it takes whole mails in a window.
const connect = () => connectSmtp(endpoint, { dial: counted, clock: systemClock, memory, batch: way === 'batch' });

// The proof is what `smtp probe --chunking` does once in thirty days: not part of the run.
if (way === 'chunks') await rememberChunking((await (await connect()).proveChunking()) === 'proven', memory, systemClock);

const bodies = messages(Number(count), Number(bytes));
function* mails() {
  for (const body of bodies) yield { envelope: { from: FROM, to: [TO] }, message: body };
}

trips = 0;
const start = performance.now();
const client = await connect();
let accepted = 0;
if (way === 'attachment') {
  const limits = { workdir: '/', bytesMax: 1_024 ** 3 };
  const attachments = await openAttachments([process.env['BENCH_FILE'] ?? ''], limits);
  const { size, chunks } = await streamMail({
    from: { name: '', address: FROM },
    to: [{ name: '', address: TO }],
    ...{ cc: [], replyTo: [], subject: 'a big file', text: 'see attached', messageId: `<${randomBytes(8).toString('hex')}@x>` },
    ...{ date: Date.now(), headers: {}, autoSubmitted: false },
    attachments,
  });
  const { outcome } = await client.send({ from: FROM, to: [TO] }, chunks(), { bytes: size, eightBit: false });
  if (outcome === 'accepted') accepted += 1;
} else {
  await client.sendAll(mails(), (_, outcome) => {
    if (!(outcome instanceof Error) && outcome.outcome === 'accepted') accepted += 1;
  });
}
const seconds = (performance.now() - start) / 1_000;
await client.quit();
report({ seconds, accepted, technique: client.technique, trips });
