// ftp mirror SRC DST: the step ftp/mirror on one server, without a job file.
import { AppError } from '../../core/errors.ts';
import type { Raw } from '../../job/job.ts';
import type { RendererIo, RendererKind } from '../../progress/renderer.ts';
import { connectFtp } from '../../protocols/ftp/index.ts';
import { createFtpMirror } from '../../steps/ftp-mirror/mirror.ts';
import type { Preview, StepType } from '../../steps/step.ts';
import { type OneStep, type OneStepResult, previewOneStep, runOneStep } from '../oneoff/one-step.ts';
import type { OneOff } from '../oneoff/oneoff.ts';
import { resolveTarget } from '../oneoff/target.ts';
import { looksLikeTarget } from '../oneoff/target-text.ts';

export interface MirrorRequest {
  readonly source: string;
  readonly destination: string;
  /** Settings of the step, as a job would write them under `with`; absent ones keep their defaults. */
  readonly options: Readonly<Record<string, Raw>>;
  readonly attempts: number;
  readonly one: OneOff;
}

export async function mirrorOnce(request: MirrorRequest, kind: RendererKind, io: RendererIo): Promise<OneStepResult> {
  return runOneStep(await mirrorStep(request), kind, io);
}

export async function previewMirror(request: MirrorRequest): Promise<Preview> {
  return previewOneStep(await mirrorStep(request));
}

async function mirrorStep({ source, destination, options, attempts, one }: MirrorRequest): Promise<OneStep> {
  const upload = looksLikeTarget(destination);
  if (upload === looksLikeTarget(source)) {
    throw new AppError(
      'usage',
      `one of ${JSON.stringify(source)} and ${JSON.stringify(destination)} must be a server, and the other a local folder`,
      {
        hint: 'As in: postrider ftp mirror ./public @web/www (upload), postrider ftp mirror @web/www ./copy (download).',
      },
    );
  }
  const { endpoint, path } = await resolveTarget(upload ? destination : source, 'ftp', one);
  const { transcript } = one;
  const type = createFtpMirror({
    connect: (to, connectOptions) => connectFtp(to, { ...connectOptions, transcript }),
  });
  const direction = upload ? 'upload' : 'download';
  const settings = {
    ...options,
    ...{ connection: endpoint.name, direction, local: upload ? source : destination, remote: path === '' ? '.' : path },
  };
  return { id: 'mirror', type: type as unknown as StepType, settings, endpoint, attempts, one };
}

/** Flags that are settings of the step under the same name. */
const PLAIN = [
  ...['delete', 'include', 'exclude', 'last', 'ascii', 'compare', 'parallel', 'atomic', 'resume', 'preserve-times'],
  ...['symlinks', 'verify', 'bandwidth', 'commit', 'allow-empty'],
];

/** The settings that the flags of `ftp mirror` stand for; what was not given keeps the step's default. */
export function mirrorOptions(flags: Readonly<Record<string, unknown>>): Readonly<Record<string, Raw>> {
  const given = (name: string) => flags[name] as Raw | undefined;
  const options: Record<string, Raw> = {};
  for (const name of PLAIN) {
    const value = given(name);
    if (value !== undefined) options[name] = value;
  }
  const [files, dirs] = [given('chmod-files'), given('chmod-dirs')];
  if (files !== undefined || dirs !== undefined) {
    options['chmod'] = { ...(files === undefined ? {} : { files }), ...(dirs === undefined ? {} : { dirs }) };
  }
  const most = given('max-delete');
  if (most !== undefined) options['max-delete'] = /^\d+$/.test(String(most)) ? Number(most) : most;
  return options;
}
