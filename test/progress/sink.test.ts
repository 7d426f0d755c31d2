import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { quiet } from '../../src/progress/sink.ts';

class Stream extends EventEmitter {
  text = '';
  columns = 80;
  readonly isTTY = true;

  write(text: string): void {
    this.text += text;
  }
}

const failure = (code: string) => Object.assign(new Error(`write ${code}`), { code });

describe('a quiet sink', () => {
  it.each(['EPIPE', 'ERR_STREAM_DESTROYED', 'EIO', 'ENOSPC'])('writes no more after the stream told of %s', code => {
    const stream = new Stream();
    const sink = quiet(stream);
    sink.write('before');
    stream.emit('error', failure(code));
    sink.write('after');
    expect(stream.text).toBe('before');
  });

  it('is as wide as the stream is now', () => {
    const stream = new Stream();
    const sink = quiet(stream);
    stream.columns = 40;
    expect([sink.columns, sink.isTTY, sink.rows]).toEqual([40, true, undefined]);
  });
});
