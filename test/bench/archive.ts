// `npm run bench archive`: how small a sealed month is, how fast the index is made and answers. MESSAGES=N for other than 200,000.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openAccount, reindexArchive, searchArchive } from '../../src/archive/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { attachmentMails, listMails, vocabulary, wordMails } from './archive-mails.ts';

const MESSAGES = Number(process.env['MESSAGES'] ?? 200_000);
const LIST_SHARE_MAX = 0.35;
const ATTACHMENT_SHARE_MAX = 0.1;
const SEARCH_MS_MAX = 50;
const PAST = Date.UTC(2026, 9, 1);
const NOW = Date.UTC(2026, 10, 1);

/** True when every figure is within its bound, or when nobody asked. */
export async function benchArchive(check: boolean): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), 'postrider-bench-'));
  try {
    const list = await sealed(join(dir, 'list'), 'list mail, no paragraph written twice but in quotes', listMails());
    const attached = await sealed(join(dir, 'attached'), '80 mails with 1 MB each, 8 different ones', attachmentMails(80));
    const median = await searched(join(dir, 'search'));
    return !check || (list <= LIST_SHARE_MAX && attached <= ATTACHMENT_SHARE_MAX && median <= SEARCH_MS_MAX);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** The sealed file’s share of the messages’ octets. */
async function sealed(root: string, name: string, mails: Iterable<Buffer>): Promise<number> {
  let [raw, gzip, messages] = [0, 0, 0];
  const counted = (function* () {
    for (const mail of mails) {
      messages += 1;
      raw += mail.length;
      gzip += gzipSync(mail).length;
      yield mail;
    }
  })();
  const archive = await filled(root, counted);
  const start = performance.now();
  let compressed = 0;
  for await (const month of archive.seal()) compressed += month.compressed;
  const seconds = (performance.now() - start) / 1_000;
  await archive.close();
  const share = (bytes: number) => `${((bytes / raw) * 100).toFixed(1)} %`;
  console.log(`${name}: ${messages} messages, ${megabytes(raw)}`);
  console.log(
    `  sealed                 ${share(compressed).padStart(7)}  (packed and proven in ${seconds.toFixed(1)} s, ${megabytes(raw / seconds)}/s)`,
  );
  console.log(`  gzip of each message   ${share(gzip).padStart(7)}`);
  return compressed / raw;
}

async function filled(root: string, mails: Iterable<Buffer>) {
  const archive = await openAccount({ root, account: 'me', clock: { ...systemClock, now: () => NOW } });
  let waiting = 0;
  for (const mail of mails) {
    const incoming = archive.incoming();
    await incoming.push(mail);
    await archive.store(incoming.complete(), { uidl: undefined, fetchedAt: PAST });
    waiting += 1;
    if (waiting % 1_000 === 0) await archive.commit();
  }
  await archive.commit();
  return archive;
}

/** The median of all queries in milliseconds. */
async function searched(root: string): Promise<number> {
  await (await filled(root, wordMails(MESSAGES))).close();
  const start = performance.now();
  const messages = await reindexArchive(root);
  const seconds = (performance.now() - start) / 1_000;
  const size = statSync(join(root, 'index.sqlite')).size;
  console.log(
    `index of ${messages} messages: ${seconds.toFixed(1)} s, ${(messages / seconds).toFixed(0)} messages/s, ${megabytes(size)}`,
  );
  const times = new Map<string, number>();
  const answers = new Map<string, string>();
  for (let round = 0; round < 3; round++) {
    for (const query of queries()) {
      const begin = performance.now();
      const { hits } = await searchArchive({ root, query, limit: 20 });
      times.set(query, Math.min(times.get(query) ?? Number.POSITIVE_INFINITY, performance.now() - begin));
      answers.set(query, JSON.stringify(hits));
    }
  }
  const sorted = [...times.values()].sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN).toFixed(1);
  console.log(
    `search, ${times.size} queries, each opening the index anew: median ${at(0.5)} ms, nine of ten within ${at(0.9)} ms, slowest ${at(1)} ms`,
  );
  await reindexArchive(root);
  let same = 0;
  for (const [query, before] of answers)
    if (JSON.stringify((await searchArchive({ root, query, limit: 20 })).hits) === before) same += 1;
  console.log(`after the index was made anew: ${same} of ${answers.size} answers the same`);
  return same === answers.size ? Number(at(0.5)) : Number.POSITIVE_INFINITY;
}

/** Frequent words and rare ones, alone, together, as phrases, in fields, with dates and sizes, and none at all. */
function queries(): readonly string[] {
  const words = vocabulary();
  const at = (rank: number) => words[Math.min(rank, words.length - 1)] ?? 'the';
  return [0, 3, 10, 30, 100, 300, 1_000, 3_000].flatMap(rank => [
    at(rank),
    `subject:${at(rank)}`,
    `from:${at(rank + 1)}`,
    `${at(rank)} ${at(rank + 5)}`,
    `"${at(rank)} ${at(rank + 1)}"`,
    `${at(rank)} has:attachment after:2018-01 before:2020`,
    `${at(rank)} -${at(rank + 2)} larger:1KB`,
    `filename:${at(rank)} OR filename:${at(rank + 3)}`,
    `has:attachment date:${2016 + (rank % 5)}-03`,
    `${at(rank + 40).slice(0, 4)}*`,
  ]);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
