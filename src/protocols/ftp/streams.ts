// Moves the bytes of one transfer between its data connection and an async iterable, and settles it however that ends.
import type { Reply } from '../wire/reply.ts';
import type { Transfer } from './transfer.ts';

/** Yields the data; leaving early aborts the transfer. `whole`: the transfer began at byte 0, so announced sizes can be compared. */
export async function* receiveFrom(
  transfer: Transfer,
  options: { readonly whole: boolean; readonly onFinal?: (reply: Reply) => void },
): AsyncGenerator<Buffer, void, void> {
  let bytes = 0;
  try {
    await transfer.connect();
    for (;;) {
      const chunk = await transfer.read();
      if (chunk === undefined) break;
      bytes += chunk.length;
      yield chunk;
    }
    const final = await transfer.received(bytes, options.whole);
    options.onFinal?.(final);
  } catch (error) {
    throw await transfer.cause(error);
  } finally {
    await transfer.abandon();
  }
}

/**
 * Gives `take` the data chunk by chunk, waiting for it where it asks for that, and returns how many bytes that was. When it throws, the
 * transfer is aborted.
 */
export async function receiveInto(
  transfer: Transfer,
  whole: boolean,
  take: (chunk: Buffer) => void | Promise<void>,
): Promise<number> {
  let bytes = 0;
  let takerFailed = false;
  try {
    await transfer.connect();
    for (let chunk = await transfer.read(); chunk !== undefined; chunk = await transfer.read()) {
      bytes += chunk.length;
      takerFailed = true;
      const taken = take(chunk);
      if (taken !== undefined) await taken;
      takerFailed = false;
    }
    await transfer.received(bytes, whole);
    return bytes;
  } catch (error) {
    if (takerFailed) await transfer.abandon();
    throw takerFailed ? error : await transfer.cause(error);
  }
}

/** Sends all of it at once; `done` is told when the server has it, or why it has not. */
export function sendWhole(transfer: Transfer, bytes: Uint8Array, done: (error?: unknown) => void): void {
  const failed = (error: unknown) => void transfer.cause(error).then(done);
  const send = () => transfer.sent(bytes.length, bytes, error => (error === undefined ? done() : failed(error)));
  if (transfer.connected) send();
  else transfer.connect().then(send, failed);
}

/** Sends everything that the source yields and returns how many bytes that was. When the source throws, the transfer is aborted. */
export async function sendTo(transfer: Transfer, source: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  let sourceFailed = false;
  const chunks = source[Symbol.asyncIterator]();
  let open = true;
  try {
    await transfer.connect();
    for (;;) {
      sourceFailed = true;
      const next = await chunks.next();
      sourceFailed = false;
      open = next.done !== true;
      if (next.done) break;
      await transfer.write(next.value);
      bytes += next.value.length;
    }
    await new Promise<void>((resolve, reject) => transfer.sent(bytes, undefined, told(resolve, reject)));
    return bytes;
  } catch (error) {
    if (sourceFailed) await transfer.abandon();
    else if (open) await chunks.return?.();
    throw sourceFailed ? error : await transfer.cause(error);
  }
}

function told(resolve: () => void, reject: (error: unknown) => void): (error?: unknown) => void {
  return error => (error === undefined ? resolve() : reject(error));
}
