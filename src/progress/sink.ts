// Where renderers write. A reader that went away (a closed pipe) ends the writing quietly, not the run.

export interface TextSink {
  write(text: string): unknown;
  /** Absent when the width is unknown: a pipe, a file. */
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  readonly isTTY?: boolean | undefined;
}

/** The process's own streams. Made once: each call adds a listener to them. */
export function standardSinks(): { readonly stdout: TextSink; readonly stderr: TextSink } {
  return { stdout: streamSink(process.stdout), stderr: streamSink(process.stderr) };
}

function streamSink(stream: NodeJS.WriteStream): TextSink {
  let closed = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (!isGone(error)) throw error;
    closed = true;
  });
  return quiet({
    write: text => (closed ? false : stream.write(text)),
    get columns() {
      return stream.columns;
    },
    get rows() {
      return stream.rows;
    },
    get isTTY() {
      return stream.isTTY;
    },
  });
}

/** A sink that stops writing, without a word, once its reader is gone. */
export function quiet(sink: TextSink): TextSink {
  let closed = false;
  const write = (text: string) => {
    if (closed) return false;
    try {
      return sink.write(text);
    } catch (error) {
      if (!isGone(error as NodeJS.ErrnoException)) throw error;
      closed = true;
      return false;
    }
  };
  return Object.create(sink, { write: { value: write } }) as TextSink;
}

function isGone(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED' || error.code === 'EIO';
}
