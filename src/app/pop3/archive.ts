// pop3 archive: the step pop3/archive on one mailbox, without a job file.
import { resolve } from 'node:path';
import type { Raw } from '../../job/job.ts';
import type { RendererIo, RendererKind } from '../../progress/renderer.ts';
import { makePop3Archive } from '../../steps/pop3-archive/index.ts';
import type { Preview, StepType } from '../../steps/step.ts';
import { type OneStep, type OneStepResult, previewOneStep, runOneStep } from '../oneoff/one-step.ts';
import type { OneOff } from '../oneoff/oneoff.ts';
import { resolveTarget } from '../oneoff/target.ts';

export interface ArchiveRequest {
  readonly target: string;
  /** The folder of the archive. */
  readonly archive: string;
  /** Other settings of the step, as a job would write them under `with`; absent ones keep their defaults. */
  readonly options: Readonly<Record<string, Raw | undefined>>;
  readonly attempts: number;
  readonly one: OneOff;
}

export async function archiveOnce(request: ArchiveRequest, kind: RendererKind, io: RendererIo): Promise<OneStepResult> {
  return runOneStep(await archiveStep(request), kind, io);
}

export async function previewArchive(request: ArchiveRequest): Promise<Preview> {
  return previewOneStep(await archiveStep(request));
}

async function archiveStep({ target, archive, options, attempts, one }: ArchiveRequest): Promise<OneStep> {
  const { endpoint } = await resolveTarget(target, 'pop3', one);
  const given = Object.entries(options).filter((entry): entry is [string, Raw] => entry[1] !== undefined);
  const settings = { ...Object.fromEntries(given), connection: endpoint.name, archive: resolve(one.workspace.cwd, archive) };
  return { id: 'archive', type: makePop3Archive(one.transcript) as unknown as StepType, settings, endpoint, attempts, one };
}
