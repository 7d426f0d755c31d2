// Every message that the manifests of an archive list, with its header fields: for reading commands.
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { damaged } from './account-index.ts';
import { type ArchiveFiles, nodeFiles } from './files.ts';
import { readJsonLines } from './json-lines.ts';
import { folderName, manifestName, monthOfManifest } from './layout.ts';
import { type ManifestEntry, parseEntry } from './manifest.ts';
import type { StoredMessage } from './message-table.ts';
import { listAccounts } from './reader.ts';

export interface ListedMessage extends ManifestEntry, StoredMessage {
  /** The name of the account’s folder. */
  readonly account: string;
  /** Its path. */
  readonly folder: string;
}

export interface CatalogOptions {
  readonly files?: ArchiveFiles;
  /** Only this account; default all. */
  readonly account?: string | undefined;
}

/** In the order of accounts, months and manifests. Throws `archive-missing`, `account-unknown`, `archive-damaged`. */
export async function* listMessages(
  root: string,
  { files = nodeFiles, account }: CatalogOptions = {},
): AsyncGenerator<ListedMessage> {
  for (const name of await accountsOf(root, files, account)) {
    const folder = join(root, name);
    for (const file of await files.list(folder)) {
      const month = monthOfManifest(file);
      if (month !== undefined) yield* monthMessages(files, folder, name, month);
    }
  }
}

/** Folder names; only those that hold messages. */
export async function accountsOf(root: string, files: ArchiveFiles, account?: string): Promise<readonly string[]> {
  const accounts: string[] = [];
  for (const name of await listAccounts(root, files)) {
    const names = await files.list(join(root, name));
    if (names.some(file => file.includes('.manifest.jsonl') || file.includes('.mbox'))) accounts.push(name);
  }
  if (accounts.length === 0) {
    throw new AppError('archive-missing', `${root}: there is no archive`, {
      hint: 'Name its folder with --archive DIR; a pop3/archive step makes one.',
    });
  }
  if (account === undefined) return accounts;
  const wanted = accounts.filter(name => name === account || name === folderName(account));
  if (wanted.length > 0) return wanted;
  throw new AppError('account-unknown', `${root}: there is no account ${account}`, {
    hint: `There are: ${accounts.join(', ')}.`,
  });
}

/** A prefix that names several messages or none is an error. The same content in two accounts is one message. */
export async function findMessage(root: string, prefix: string, files: ArchiveFiles = nodeFiles): Promise<ListedMessage> {
  const wanted = prefix.toLowerCase();
  if (!/^[0-9a-f]{4,64}$/.test(wanted)) {
    throw new AppError('usage', `${prefix}: this is no SHA-256`, {
      hint: 'Write its 64 hexadecimal digits, or at least the first 4.',
    });
  }
  let found: ListedMessage | undefined;
  for await (const message of listMessages(root, { files })) {
    if (!message.sha256.startsWith(wanted) || message.sha256 === found?.sha256) continue;
    if (found !== undefined) {
      throw new AppError(
        'message-ambiguous',
        `${prefix} names several messages, among them ${found.sha256} and ${message.sha256}`,
        {
          hint: 'Write more digits.',
        },
      );
    }
    found = message;
  }
  if (found !== undefined) return found;
  throw new AppError('message-unknown', `${root}: there is no message ${prefix}`, { hint: 'The manifests list every message.' });
}

/** A last line that a crash tore lists nothing; any other broken line is damage. */
async function* monthMessages(
  files: ArchiveFiles,
  folder: string,
  account: string,
  month: string,
): AsyncGenerator<ListedMessage> {
  const path = join(folder, manifestName(month));
  const file = await files.open(path, 'read');
  if (file === undefined) return;
  try {
    let broken = 0;
    for await (const { value, number } of readJsonLines(file)) {
      const entry = parseEntry(value);
      if (entry !== undefined && broken > 0) throw damaged(`${path}: line ${broken} cannot be read, though whole lines follow`);
      if (entry === undefined) broken ||= number;
      else yield { ...entry, account, folder, month };
    }
  } finally {
    await file.close();
  }
}
