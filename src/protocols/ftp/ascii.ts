// Text transfers (TYPE A): a file's bytes with the line ends of the wire, and back.
import { fromCrlf, toCrlf } from '../wire/text-lines.ts';

/** File to wire: every LF that no CR precedes becomes CRLF. */
export async function* textToWire(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const convert = toCrlf();
  for await (const chunk of source) yield convert(chunk);
}

/** Wire to file: CRLF becomes LF, any other CR stays. */
export async function* textFromWire(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, void> {
  const converter = fromCrlf();
  for await (const chunk of source) yield converter.push(chunk);
  const rest = converter.finish();
  if (rest.length > 0) yield rest;
}
