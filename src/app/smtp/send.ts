// smtp send: the step smtp/send on one server, without a job file; tried once.
import { isUtf8 } from 'node:buffer';
import { AppError } from '../../core/errors.ts';
import { formatSize } from '../../core/units.ts';
import type { Raw } from '../../job/job.ts';
import type { RendererIo, RendererKind } from '../../progress/renderer.ts';
import { connectSmtp } from '../../protocols/smtp/index.ts';
import { makeSmtpSend, type ShowMail } from '../../steps/smtp-send/index.ts';
import type { Preview, StepType } from '../../steps/step.ts';
import { type OneStep, type OneStepResult, previewOneStep, runOneStep } from '../oneoff/one-step.ts';
import type { OneOff } from '../oneoff/oneoff.ts';
import { resolveTarget } from '../oneoff/target.ts';

export interface SendRequest {
  readonly target: string;
  /** What a job would write under `with`; absent ones left out. */
  readonly mail: Readonly<Record<string, Raw | undefined>>;
  readonly one: OneOff;
}

/** A longer body is a file that somebody forgot to attach. */
export const BODY_BYTES_MAX = 20 * 1024 * 1024;

/** The body of a mail as it is piped in: UTF-8, or Latin-1 when it is not, as logs of old programs are. Throws AppError `message-too-big`. */
export async function readBody(input: AsyncIterable<Uint8Array | string>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    chunks.push(Buffer.from(chunk));
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) {
      throw new AppError('message-too-big', `the body on stdin is longer than ${formatSize(BODY_BYTES_MAX)}`, {
        hint: 'Write it to a file and send that with --attach.',
      });
    }
  }
  const whole = Buffer.concat(chunks);
  return whole.toString(isUtf8(whole) ? 'utf8' : 'latin1');
}

/** Fields that people write by hand above a mail for `sendmail -t`; a text that is none seldom begins with one of them. */
const WRITTEN_FIELD = /^(To|Cc|Bcc|From|Reply-To|Subject):/i;

/** The fields of a whole mail that was piped in as a body, for sendmail takes one; undefined for a text. */
export function headerInBody(body: string): readonly string[] | undefined {
  if (!WRITTEN_FIELD.test(body)) return undefined;
  const [head = ''] = body.split(/\r?\n\r?\n/, 1);
  const lines = head.split(/\r?\n(?![ \t])/);
  const names = lines.map(line => /^([!-9;-~]+):/.exec(line)?.[1]);
  return head.length < body.trimEnd().length && names.every(name => name !== undefined) ? names : undefined;
}

export async function sendOnce(request: SendRequest, kind: RendererKind, io: RendererIo): Promise<OneStepResult> {
  return runOneStep(await sendStep(request), kind, io);
}

/** `show` is given the octets of the mail. */
export async function previewSend(request: SendRequest, show?: ShowMail): Promise<Preview> {
  return previewOneStep(await sendStep(request, show));
}

async function sendStep({ target, mail, one }: SendRequest, show?: ShowMail): Promise<OneStep> {
  const { endpoint } = await resolveTarget(target, 'smtp', one);
  const { transcript } = one;
  const type = makeSmtpSend((to, options) => connectSmtp(to, { ...options, transcript }), show) as unknown as StepType;
  const given = Object.entries(mail).filter((entry): entry is [string, Raw] => entry[1] !== undefined);
  return { id: 'send', type, settings: { ...Object.fromEntries(given), connection: endpoint.name }, endpoint, attempts: 1, one };
}
