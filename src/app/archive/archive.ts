// The archive's commands: where it lies, which messages are meant, what a message says.
import { resolve } from 'node:path';
import {
  type Exported,
  type ExportFormat,
  exportArchive,
  findMessage,
  type Imported,
  importMail,
  type ListedMessage,
  MessageReader,
  nodeFiles,
  openAccount,
  periodOf,
  wholeMessage,
} from '../../archive/index.ts';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { formatSize } from '../../core/units.ts';
import { htmlText } from '../../mail/html-text.ts';
import { type ReadMail, readMail } from '../../mail/read.ts';

export interface FoundMessage {
  readonly message: ListedMessage;
  /** The exact octets, their hash compared already. */
  octets(): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/** By SHA-256 or a unique beginning of it. Throws `archive-damaged` when the octets are not those that came. */
export async function openMessage(archive: string, prefix: string): Promise<FoundMessage> {
  const message = await findMessage(resolve(archive), prefix);
  const reader = new MessageReader(nodeFiles, message.folder);
  const found = { message, octets: () => reader.read(message), close: () => reader.close() };
  if (await reader.verify(message)) return found;
  await reader.close();
  throw new AppError('archive-damaged', `the message ${message.sha256} does not match its hash any more`, {
    hint: 'Restore its month from a backup; `postrider archive verify` names every damaged message.',
  });
}

/** Bigger messages are given back raw only. */
const SHOWN_BYTES_MAX = 100 * 1024 * 1024;

export interface ShownMessage {
  readonly message: ListedMessage;
  readonly mail: ReadMail;
  /** The text part, or the words of the HTML part. */
  readonly text: string;
}

export async function readShown({ message, octets }: FoundMessage): Promise<ShownMessage> {
  if (message.size > SHOWN_BYTES_MAX) {
    throw new AppError('message-too-big', `the message is ${formatSize(message.size)}: too big to be shown`, {
      hint: 'Write it to a file: postrider archive show SHA256 --raw > message.eml',
    });
  }
  const mail = await readMail(await wholeMessage(message, octets()));
  return { message, mail, text: mail.text ?? htmlText(mail.html ?? '') };
}

export interface ExportRequest {
  readonly archive: string;
  readonly target: string;
  readonly format: ExportFormat;
  readonly account?: string | undefined;
  /** `2026`, `2026-11` or `2026-11-22`, the last one included. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

export function exportMessages(request: ExportRequest): Promise<Exported> {
  const { archive, target, format, account, since, until } = request;
  return exportArchive({
    ...{ root: resolve(archive), target: resolve(target), format, account },
    since: since === undefined ? undefined : periodOf('--since', since)[0],
    until: until === undefined ? undefined : periodOf('--until', until)[1],
  });
}

/** Every path into one account, under its lock; stops at the first that is neither mbox nor Maildir. */
export async function importMessages(archive: string, account: string, paths: readonly string[]): Promise<Imported> {
  const opened = await openAccount({ root: resolve(archive), account, clock: systemClock });
  const total = { found: 0, archived: 0, duplicates: 0, bytes: 0 };
  try {
    for (const path of paths) {
      const { found, archived, duplicates, bytes } = await importMail({
        archive: opened,
        path: resolve(path),
        now: () => systemClock.now(),
      });
      total.found += found;
      total.archived += archived;
      total.duplicates += duplicates;
      total.bytes += bytes;
    }
  } finally {
    await opened.close();
  }
  return total;
}
