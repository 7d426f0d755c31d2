// zstd frames as streams: what seals a month and opens it again (node:zlib does the coding, in its own threads).
import { pipeline, Readable, type Transform } from 'node:stream';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';

/** The window of a frame, and so the most it holds: what repeats within is stored once. `zstd -d` takes no larger one unasked. */
const WINDOW_LOG = 27;
export const FRAME_BYTES_MAX = 2 ** WINDOW_LOG;
const LEVEL = 9;
const CHUNK_BYTES = 256 * 1024;

/** One frame with a checksum of its content. Throws when the chunks do not add up to `size`. */
export async function* compressFrame(chunks: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  const params = {
    [constants.ZSTD_c_compressionLevel]: LEVEL,
    // The library makes it smaller where the frame is.
    [constants.ZSTD_c_windowLog]: WINDOW_LOG,
    [constants.ZSTD_c_enableLongDistanceMatching]: 1,
    [constants.ZSTD_c_checksumFlag]: 1,
  };
  yield* through(chunks, createZstdCompress({ params, pledgedSrcSize: size, chunkSize: CHUNK_BYTES }));
}

/** The content of one frame. Throws when it is not what was compressed. */
export async function* decompressFrame(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const params = { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG };
  yield* through(chunks, createZstdDecompress({ params, chunkSize: CHUNK_BYTES }));
}

async function* through(chunks: AsyncIterable<Buffer>, coder: Transform): AsyncGenerator<Buffer> {
  // A failure on either side is thrown where the output is read.
  pipeline(Readable.from(chunks, { objectMode: true, highWaterMark: 1 }), coder, () => undefined);
  yield* coder;
}
