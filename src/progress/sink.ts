// Where renderers write. A reader that went away (a closed pipe) or a full disk ends the writing, not the run.

/** As much of a stream as a renderer needs; process.stdout is one. */
export interface TextSink {
  write(text: string): unknown;
  /** Absent when the width is unknown: a pipe, a file. */
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  readonly isTTY?: boolean | undefined;
  /** A stream tells of a closed pipe here, after write() has returned. */
  on?(event: 'error', listener: (error: Error) => void): unknown;
}

/** A sink that stops writing, without a word, once its reader is gone. */
export function quiet(sink: TextSink): TextSink {
  let closed = false;
  const fail = (error: Error) => {
    closed = true;
    if (!isGone(error)) throw error;
  };
  // Whatever the reason, no more goes there; the owner of the stream says what happened.
  sink.on?.('error', () => {
    closed = true;
  });
  return {
    write(text) {
      if (closed) return;
      try {
        sink.write(text);
      } catch (error) {
        fail(error as Error);
      }
    },
    get columns() {
      return sink.columns;
    },
    get rows() {
      return sink.rows;
    },
    get isTTY() {
      return sink.isTTY;
    },
  };
}

/** EIO: the terminal itself was closed. */
function isGone(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED' || error.code === 'EIO';
}
