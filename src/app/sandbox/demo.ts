// The sample job against the sandbox: seeds a site and a mailbox, runs jobs/demo.yaml, and says where the results are.
import { copyFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { AppError, fileError } from '../../core/errors.ts';
import { systemRandom } from '../../core/random.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { makeTempFolder } from '../../files/temp-folder.ts';
import { readMail } from '../../mail/read.ts';
import type { RendererIo, RendererKind } from '../../progress/renderer.ts';
import { type Sandbox, seedSandbox, startSandbox } from '../../sandbox/index.ts';
import { packageFile } from '../package-file.ts';
import { type RunResult, runJob } from '../run/run-job.ts';
import type { Workspace } from '../workspace.ts';
import { connectionsYaml } from './sandbox-connections.ts';

export interface DemoRequest {
  /** Made when absent; must be empty otherwise. Default: a new folder below the system's temporary one. */
  readonly dir?: string | undefined;
  readonly workspace: Workspace;
  readonly renderer: RendererKind;
  readonly io: RendererIo;
  readonly signal: AbortSignal;
}

export interface DemoResult {
  readonly run: RunResult;
  /** Absolute paths. */
  readonly dir: string;
  readonly site: string;
  readonly archive: string;
  readonly job: string;
  readonly state: string;
  /** The report as it came out of the mailbox; absent when none arrived. */
  readonly report?: { readonly eml: string; readonly text: string; readonly html: string; readonly subject: string };
}

const SECRET = 'POSTRIDER_SECRET_SANDBOX';

export async function runDemo(request: DemoRequest): Promise<DemoResult> {
  const dir = await demoFolder(request.dir);
  const sandbox = await startSandbox({ dir: join(dir, 'sandbox'), clock: systemClock, random: systemRandom });
  try {
    const { siteSource } = await seedSandbox(sandbox);
    await rename(siteSource, join(dir, 'site'));
    const before = new Set((await sandbox.mailbox.list()).map(message => message.uid));
    const job = join(dir, 'demo.yaml');
    await copyFile(packageFile('jobs/demo.yaml'), job);
    await writeFile(join(dir, 'connections.yaml'), connectionsYaml(sandbox, 'sandbox'));
    const state = join(dir, 'state');
    const env = { ...request.workspace.env, [SECRET]: sandbox.password };
    const run = await runJob({ ...request, job, workspace: { ...request.workspace, stateDir: state, env } });
    const report = await receivedReport(sandbox, before, dir);
    const paths = { dir, site: join(sandbox.siteDir, 'www'), archive: join(dir, 'archive'), job, state };
    return { run, ...paths, ...(report === undefined ? {} : { report }) };
  } finally {
    await sandbox.close();
  }
}

async function demoFolder(wanted: string | undefined): Promise<string> {
  if (wanted === undefined) return makeTempFolder('postrider-demo-');
  try {
    await makeFolder(wanted);
    if ((await readdir(wanted)).length === 0) return wanted;
  } catch (error) {
    throw fileError(error, wanted);
  }
  throw new AppError('usage', `${wanted} is not empty`, { hint: 'Name a new folder; the demo overwrites nothing.' });
}

async function receivedReport(sandbox: Sandbox, before: ReadonlySet<string>, dir: string): Promise<DemoResult['report']> {
  const message = (await sandbox.mailbox.list()).find(({ uid }) => !before.has(uid));
  if (message === undefined) return undefined;
  const raw = await sandbox.mailbox.read(message.uid);
  const parsed = await readMail(raw);
  const files = { eml: join(dir, 'report.eml'), text: join(dir, 'report.txt'), html: join(dir, 'report.html') };
  await writeFile(files.eml, raw);
  await writeFile(files.text, parsed.text ?? '');
  await writeFile(files.html, parsed.html ?? '');
  return { ...files, subject: parsed.subject ?? '' };
}
