// Something to rehearse with: a small web site to deploy and a mailbox to archive, the same bytes every time.
import { createHash } from 'node:crypto';
import { utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import { makeFolder } from '../files/make-folder.ts';
import { MailboxStore } from './mailbox.ts';
import { seedMails } from './seed-mails.ts';
import { seedSite } from './seed-site.ts';

export interface Seeded {
  /** The folder with the web site: `site-source` in the sandbox's folder. */
  readonly siteSource: string;
  readonly files: number;
  /** How many mails were added: none when the mailbox holds any already. */
  readonly mails: number;
}

/** The modification time of every file of the site. */
const SITE_TIME_MS = Date.UTC(2026, 10, 20, 9, 30, 0);

/** Takes a sandbox or its folder; a running one serves the mails at once. Doing it again restores the site and adds no mails. */
export async function seedSandbox(sandbox: string | { readonly dir: string }): Promise<Seeded> {
  const dir = typeof sandbox === 'string' ? sandbox : sandbox.dir;
  const siteSource = join(dir, 'site-source');
  const site = Object.entries(seedSite());
  for (const [path, content] of site) await writeSeed(join(siteSource, path), content);
  const mailbox = await MailboxStore.open(join(dir, 'mail'), fixedRandom());
  const mails = (await mailbox.list()).length > 0 ? [] : seedMails();
  for (const mail of mails) await mailbox.add(mail);
  return { siteSource, files: site.length, mails: mails.length };
}

async function writeSeed(path: string, content: string | Buffer): Promise<void> {
  try {
    await makeFolder(dirname(path));
    await writeFile(path, content);
    await utimes(path, SITE_TIME_MS / 1_000, SITE_TIME_MS / 1_000);
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Gives the mails the same names in every sandbox. */
function fixedRandom(): Random {
  let count = 0;
  const bytes = (length: number) => {
    count += 1;
    return createHash('sha256').update(`seed ${count}`).digest().subarray(0, length);
  };
  return { fraction: () => 0, bytes };
}
