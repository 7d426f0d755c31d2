// One request, its answer read up to a limit, and the verdict.
import { cancelled } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { printable, shorten } from '../../core/text.ts';
import { formatDuration } from '../../core/units.ts';
import type { Outputs, StepContext } from '../step.ts';
import { unreachable } from './unreachable.ts';

export interface CheckRequest {
  readonly url: string;
  readonly status: readonly number[];
  readonly contains?: string | undefined;
  readonly timeout: number;
}

export type HttpCheckOutputs = Outputs & { readonly status: number; readonly ms: number; readonly bytes: number };

/** More of an answer is not read. */
export const BODY_BYTES_MAX = 1024 ** 2;
/** Answers that a later try may better: timeout, too early, too many, and the server's own troubles. */
const LATER_STATUSES = [408, 425, 429];
const SHOWN_LENGTH_MAX = 200;

/** Throws AppError `http-status`, `http-content`, `http-unreachable`, `http-timed-out`. */
export async function checkUrl(request: CheckRequest, context: StepContext): Promise<HttpCheckOutputs> {
  const { clock, signal } = context;
  const startedAt = clock.elapsed();
  const timeout = new AbortController();
  const timer = clock.after(request.timeout, () => timeout.abort(timedOut(request)));
  const stop = AbortSignal.any([signal, timeout.signal]);
  try {
    const { status, body } = await exchange(request, stop);
    judge(request, status, body);
    return { status, ms: Math.round(clock.elapsed() - startedAt), bytes: body.length };
  } catch (error) {
    if (signal.aborted) throw cancelled(signal);
    if (timeout.signal.aborted) throw timeout.signal.reason;
    throw error instanceof AppError ? error : unreachable(error, shownUrl(request.url));
  } finally {
    timer.cancel();
  }
}

/** The address without a password in it. */
export function shownUrl(url: string): string {
  return shorten(printable(url.replace(/^(https?:\/\/)[^/?#]*@/i, '$1')), SHOWN_LENGTH_MAX);
}

/** Redirects are followed, unless one is what is expected. User and password go by header: fetch refuses them in an address. */
async function exchange(request: CheckRequest, signal: AbortSignal): Promise<{ status: number; body: Buffer }> {
  const target = new URL(request.url);
  const { username, password } = target;
  [target.username, target.password] = ['', ''];
  const headers = username === '' ? {} : { authorization: `Basic ${basic(username, password)}` };
  const redirect = request.status.some(code => code >= 300 && code < 400) ? 'manual' : 'follow';
  const response = await fetch(target, { signal, redirect, headers: { 'user-agent': 'postrider', ...headers } });
  return { status: response.status, body: await readBody(response) };
}

async function readBody(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels the rest of the answer.
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= BODY_BYTES_MAX) break;
  }
  return Buffer.concat(chunks).subarray(0, BODY_BYTES_MAX);
}

function judge({ url, status: good, contains }: CheckRequest, status: number, body: Buffer): void {
  if (!good.includes(status)) {
    throw new AppError('http-status', `${shownUrl(url)} answered ${status}, not ${good.join(' or ')}`, {
      retry: status >= 500 || LATER_STATUSES.includes(status) ? 'later' : 'never',
      hint: 'Open the address in a browser; `status` says what is good.',
    });
  }
  if (contains !== undefined && !body.includes(contains)) {
    throw new AppError('http-content', `${shownUrl(url)} answered ${status} without ${JSON.stringify(contains)}`, {
      hint: 'Open the address in a browser; is it the right page?',
    });
  }
}

function timedOut({ url, timeout }: CheckRequest): AppError {
  return new AppError('http-timed-out', `${shownUrl(url)}: no complete answer within ${formatDuration(timeout)}`, {
    retry: 'reconnect',
    hint: 'Raise `timeout`, or find out why the server is slow.',
  });
}

function basic(username: string, password: string): string {
  return Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
}
