// Moves the bytes of one transfer between its data connection and an async iterable, and settles it however that ends.
import type { Transfer } from './transfer.ts';

/** Takes a chunk, which holds only until it has returned, or until what it returns has resolved. */
export type ChunkTaker = (chunk: Buffer) => void | Promise<void>;

/** Told once when a transfer is over: how many bytes were moved, or why they were not. */
export type Moved = (error: unknown, bytes: number) => void;

/** The same as a promise. */
export function moved(move: (done: Moved) => void): Promise<number> {
  return new Promise((resolve, reject) => move((error, bytes) => (error === undefined ? resolve(bytes) : reject(error))));
}

/** Yields the data; leaving early aborts the transfer. `whole`: the transfer began at byte 0, so announced sizes can be compared. */
export async function* receiveFrom(transfer: Transfer, whole: boolean): AsyncGenerator<Buffer, void, void> {
  let bytes = 0;
  try {
    await transfer.connect();
    for (;;) {
      const chunk = await transfer.read();
      if (chunk === undefined) break;
      bytes += chunk.length;
      yield chunk;
    }
    await new Promise<void>((resolve, reject) => transfer.received(bytes, whole, told(resolve, reject)));
  } catch (error) {
    throw await transfer.cause(error);
  } finally {
    await transfer.abandon();
  }
}

/** Sends all of it at once. */
export function sendWhole(transfer: Transfer, bytes: Uint8Array, done: Moved): void {
  const failed = (error: unknown) => void transfer.cause(error).then(cause => done(cause, 0));
  const send = () =>
    transfer.sent(bytes.length, bytes, error => (error === undefined ? done(undefined, bytes.length) : failed(error)));
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

/** All of it in one piece. */
export async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Gives `take` chunk after chunk; returns how many bytes that was. */
export async function takeAll(chunks: AsyncIterable<Buffer>, take: ChunkTaker): Promise<number> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    await take(chunk);
  }
  return bytes;
}
