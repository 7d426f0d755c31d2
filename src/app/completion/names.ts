// Names for completion: jobs, runs, connections, secrets and what else words stand for. Asks nobody, and says nothing about what it cannot read.
import { readdir } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import { printable } from '../../core/text.ts';
import { localMinute } from '../../progress/time.ts';
import { EXPLANATIONS } from '../explain/explain.ts';
import { hasStore } from '../state.ts';
import type { Workspace } from '../workspace.ts';
import type { Candidate, Expected, NameKind } from './grammar.ts';

/** Of runs and letters the newest. */
const NEWEST_MAX = 50;

/** Everything of that kind; an empty list where nothing can be read. */
export async function namesOf(kind: NameKind, place: Workspace, around: Expected): Promise<readonly Candidate[]> {
  const found = await SOURCES[kind](place, around).catch(() => []);
  return found.filter(({ value }) => value !== '' && printable(value) === value);
}

const SOURCES: Readonly<Record<NameKind, (place: Workspace, around: Expected) => Promise<readonly Candidate[]>>> = {
  job: jobs,
  run: runs,
  connection: place => connections(place, undefined, ''),
  'ftp-target': place => connections(place, 'ftp', '@'),
  'pop3-target': place => connections(place, 'pop3', '@'),
  'smtp-target': place => connections(place, 'smtp', '@'),
  secret: secrets,
  letter: letters,
  code: async () =>
    Object.values(EXPLANATIONS).flatMap(codes => Object.entries(codes).map(([value, [summary]]) => ({ value, summary }))),
  topic: async () => [],
  step: steps,
  template: async () =>
    Object.entries((await import('../init/templates.ts')).TEMPLATES).map(([value, { summary }]) => ({ value, summary })),
  account: accounts,
  'time-zone': async () => Intl.supportedValuesOf('timeZone').map(value => ({ value, summary: '' })),
};

async function jobs({ jobsDir }: Workspace): Promise<readonly Candidate[]> {
  const { listJobs } = await import('../../job/job-folder.ts');
  return (await listJobs(jobsDir)).map(path => ({ value: basename(path, extname(path)), summary: 'job' }));
}

async function runs(place: Workspace): Promise<readonly Candidate[]> {
  if (!(await hasStore(place))) return [];
  const { runHistory } = await import('../history.ts');
  const found = await runHistory(place, { limit: NEWEST_MAX });
  const newest = found.length === 0 ? [] : [{ value: 'last', summary: 'the newest run' }];
  return [
    ...newest,
    ...found.map(({ id, job, status, startedAt }) => ({ value: id, summary: `${job}, ${status}, ${localMinute(startedAt)}` })),
  ];
}

async function connections(
  { jobsDir, cwd }: Workspace,
  protocol: string | undefined,
  mark: string,
): Promise<readonly Candidate[]> {
  const { loadSharedConnections } = await import('../../job/shared-connections.ts');
  const { protocolOf } = await import('../../job/checks/connection-check.ts');
  const found = new Map<string, string>();
  for (const folder of new Set([jobsDir, cwd])) {
    for (const [name, raw] of Object.entries((await loadSharedConnections(folder)).connections ?? {})) {
      const type = protocolOf(raw);
      if (type !== undefined && (protocol === undefined || type === protocol)) found.set(`${mark}${name}`, type);
    }
  }
  return [...found].map(([value, summary]) => ({ value, summary }));
}

/** By name only: those that are put away where nobody has to be asked, and those that job files speak of. */
async function secrets(place: Workspace): Promise<readonly Candidate[]> {
  const { knownSecretNames } = await import('./secret-names.ts');
  return [...(await knownSecretNames(place))].map(([value, summary]) => ({ value, summary }));
}

async function letters(place: Workspace): Promise<readonly Candidate[]> {
  if (!(await hasStore(place))) return [];
  const { listLetters } = await import('../outbox/desk.ts');
  const found = await listLetters(place, { all: false, limit: NEWEST_MAX });
  return found.map(({ id, subject }) => ({ value: id, summary: subject }));
}

async function steps(place: Workspace, { given: [word = ''] }: Expected): Promise<readonly Candidate[]> {
  const { jobByName } = await import('../jobs.ts');
  try {
    const { job } = await jobByName(word, place);
    return job.steps.map(({ id, uses }) => ({ value: id, summary: uses }));
  } catch {
    if (!(await hasStore(place))) return [];
    const { runDetails } = await import('../history.ts');
    return (await runDetails(place, word)).steps.map(({ step, status }) => ({ value: step, summary: status }));
  }
}

async function accounts({ cwd }: Workspace, { values }: Expected): Promise<readonly Candidate[]> {
  const entries = await readdir(resolve(cwd, values['archive'] ?? 'archive'), { withFileTypes: true });
  return entries.filter(entry => entry.isDirectory()).map(({ name }) => ({ value: name, summary: 'account' }));
}
