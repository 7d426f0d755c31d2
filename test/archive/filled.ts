// An archive in memory or on disk that holds every hazard, and what its readers give back.
import { type ArchiveOptions, openAccount } from '../../src/archive/account.ts';
import type { ArchiveFiles } from '../../src/archive/files.ts';
import { systemClock } from '../../src/core/clock.ts';
import { MemoryFiles } from './memory-files.ts';
import { HAZARDS } from './messages.ts';

export const NOVEMBER = Date.UTC(2026, 10, 30, 23, 59);
export const DECEMBER = Date.UTC(2026, 11, 1);
export const DEAD: NonNullable<ArchiveOptions['lock']> = {
  owner: { pid: 1, host: 'here', started: 'now' },
  isAlive: () => false,
};

/** Every hazard in `me@x`, the last ones in December; two of them in `you@x`, too. */
export async function fill(root: string, files: ArchiveFiles): Promise<void> {
  await fillAccount(root, files, 'me@x', Object.entries(HAZARDS));
  await fillAccount(root, files, 'you@x', Object.entries(HAZARDS).slice(2, 4));
}

let memory: Promise<MemoryFiles> | undefined;

/** The same in memory, below /archive: filled once, and copied for everyone who asks. */
export async function filled(): Promise<MemoryFiles> {
  memory ??= (async () => {
    const files = new MemoryFiles();
    await fill('/archive', files);
    return files;
  })();
  return (await memory).copy();
}

async function fillAccount(root: string, files: ArchiveFiles, account: string, messages: [string, Buffer][]): Promise<void> {
  const archive = await openAccount({ root, account, clock: systemClock, files, lock: DEAD });
  for (const [index, [uidl, octets]] of messages.entries()) {
    const incoming = archive.incoming();
    await incoming.push(octets);
    await archive.store(incoming.complete(), { uidl, fetchedAt: index < 12 ? NOVEMBER : DECEMBER });
    await incoming.discard();
  }
  await archive.commit();
  await archive.close();
}

export async function whole(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}
