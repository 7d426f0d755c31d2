// Names of secrets without their values: from the environment, folders, a vault that opens by itself, and the expressions of job files.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listJobs } from '../../job/job-folder.ts';
import { secretsInEnvironment } from '../../secrets/environment.ts';
import { secretsInFolder } from '../../secrets/folder.ts';
import { secretFolders } from '../../secrets/resolver.ts';
import { secretsOf } from '../secrets/secrets.ts';
import type { Workspace } from '../workspace.ts';

const MENTIONED = /\bsecrets\.([A-Za-z_][\w-]*)/g;

/** Name → where it comes from. Nobody is asked for a passphrase, and no keychain is opened. */
export async function knownSecretNames(place: Workspace): Promise<ReadonlyMap<string, string>> {
  const { sources, vault } = secretsOf(place);
  const names = new Map<string, string>();
  const note = (found: readonly string[], from: string) => {
    for (const name of found) if (!names.has(name)) names.set(name, from);
  };
  note(secretsInEnvironment(sources.env), 'environment');
  for (const folder of secretFolders(sources))
    note(
      (await secretsInFolder(folder)).map(({ name }) => name),
      folder,
    );
  note(
    (await vault.entries().catch(() => [])).map(({ name }) => name),
    'vault',
  );
  note(await mentioned(place.jobsDir), 'named by a job');
  return names;
}

async function mentioned(jobsDir: string): Promise<readonly string[]> {
  const files = [...(await listJobs(jobsDir).catch(() => [])), join(jobsDir, 'connections.yaml')];
  const texts = await Promise.all(files.map(file => readFile(file, 'utf8').catch(() => '')));
  return texts.flatMap(text => [...text.matchAll(MENTIONED)].map(([, name = '']) => name));
}
