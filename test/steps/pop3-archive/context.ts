// A step context over a fake server, and what an archive holds, read from its files alone.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../../src/core/clock.ts';
import { systemRandom } from '../../../src/core/random.ts';
import { check } from '../../../src/core/schema.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import { configSchema, type Pop3ArchiveConfig } from '../../../src/steps/pop3-archive/config.ts';
import type { StepContext } from '../../../src/steps/step.ts';
import { sha256 } from '../../archive/messages.ts';
import type { FakeMessage, FakePop3 } from '../../protocols/pop3/fake-server.ts';

export const NOW = Date.UTC(2026, 10, 22, 2, 30);

export interface TestContext extends StepContext {
  readonly notes: string[];
  readonly ledgerValues: Map<string, unknown>;
  /** What clock.now() says. */
  time: number;
}

export function contextOf(server: Pick<FakePop3, 'endpoint'>, workdir: string): TestContext {
  const notes: string[] = [];
  const ledgerValues = new Map<string, unknown>();
  const clock: Clock = { ...systemClock, now: () => context.time };
  const context: TestContext = {
    signal: new AbortController().signal,
    clock,
    random: systemRandom,
    progress: () => undefined,
    note: (level, message) => notes.push(`${level}: ${message}`),
    connection: async () => server.endpoint(),
    dial,
    secret: async name => Promise.reject(new Error(`no secret ${name}`)),
    workdir,
    job: { name: 'test', file: join(workdir, 'test.yaml') },
    run: { id: 'r1', startedAt: NOW, host: 'here', trigger: 'manual' },
    steps: () => [],
    history: { recent: async () => [] },
    ledger: {
      get: async key => ledgerValues.get(key),
      put: async (key, value) => void ledgerValues.set(key, value),
      delete: async key => void ledgerValues.delete(key),
    },
    notes,
    ledgerValues,
    time: NOW,
  };
  return context;
}

export function configOf(written: Record<string, unknown> = {}): Pop3ArchiveConfig {
  const checked = check(configSchema, { connection: 'inbox', archive: 'mail', ...written });
  if (!checked.ok) throw new Error(JSON.stringify(checked.issues));
  return checked.value;
}

export function messagesOf(count: number): FakeMessage[] {
  return Array.from({ length: count }, (_, at) => ({
    uid: `uid-${at}`,
    octets: Buffer.from(`Subject: m${at}\r\n\r\n.dot ${at}\r\nFrom here\r\n`),
  }));
}

/** The sha256 of every archived message, from the files alone. Throws when one does not match its bytes. */
export function archived(workdir: string, account = 'me@127.0.0.1'): string[] {
  const folder = join(workdir, 'mail', account);
  const manifests = readdirSync(folder).filter(name => name.endsWith('.manifest.jsonl'));
  return manifests.flatMap(name => {
    const mbox = readFileSync(join(folder, name.replace('.manifest.jsonl', '.mbox')));
    return hashesIn(readFileSync(join(folder, name), 'utf8'), mbox);
  });
}

/** Reads a month as CONTRACT section 4 describes it, with none of the archive's own code. */
export function hashesIn(manifest: string, mbox: Buffer): string[] {
  const lines = manifest.split('\n').slice(0, -1);
  return lines.map(line => {
    const entry = JSON.parse(line);
    const record = mbox.toString('latin1', entry.offset, entry.offset + entry.length);
    const stored = record.slice(record.indexOf('\n') + 1, entry['final-newline'] ? -1 : -2).replace(/^>(>*From )/gm, '$1');
    const octets = Buffer.from(entry.eol === 'crlf' ? stored.replaceAll('\n', '\r\n') : stored, 'latin1');
    if (sha256(octets) !== entry.sha256 || octets.length !== entry.size) throw new Error(`${line} does not match its bytes`);
    return entry.sha256;
  });
}

export function hashesOf(messages: readonly FakeMessage[]): string[] {
  return messages.map(({ octets }) => sha256(octets)).toSorted();
}
