// nodemailer as a process of its own: nodemailer.ts HOST PORT COUNT BYTES POOL|attachment; prints what it took as JSON.
import nodemailer from 'nodemailer';
import { FROM, messages, report, TO } from './mails.ts';

const [host = '', port = '', count = '', bytes = '', pool = ''] = process.argv.slice(2);
const bodies = messages(Number(count), Number(bytes));
const start = performance.now();
const common = { host, port: Number(port), name: 'c.test', secure: false, ignoreTLS: true };
const transport = nodemailer.createTransport({
  ...common,
  pool: true,
  maxConnections: pool === 'attachment' ? 1 : Number(pool),
  maxMessages: Number.POSITIVE_INFINITY,
} as never);
let accepted = 0;
if (pool === 'attachment') {
  const attachments = [{ filename: 'big.bin', path: process.env['BENCH_FILE'] ?? '' }];
  const sent = await transport.sendMail({ from: FROM, to: TO, subject: 'a big file', text: 'see attached', attachments });
  accepted += sent.accepted.length;
} else {
  await Promise.all(
    bodies.map(async raw => {
      const sent = await transport.sendMail({ envelope: { from: FROM, to: TO }, raw });
      accepted += sent.accepted.length;
    }),
  );
}
const seconds = (performance.now() - start) / 1_000;
transport.close();
report({ seconds, accepted });
