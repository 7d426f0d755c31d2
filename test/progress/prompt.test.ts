// Hidden questions: what is typed never reaches the screen, and the terminal is put back however it ends.
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ANSWER_LENGTH_MAX, askHidden, askHiddenTwice, type PromptIo, readAnswer } from '../../src/progress/prompt.ts';

interface Desk extends PromptIo {
  readonly type: (text: string) => void;
  readonly end: () => void;
  readonly screen: () => string;
  readonly raw: boolean[];
}

function desk(): Desk {
  const stream = new PassThrough();
  const raw: boolean[] = [];
  let screen = '';
  const setRawMode = (mode: boolean) => {
    raw.push(mode);
  };
  return {
    input: Object.assign(stream, { setRawMode }) as unknown as NodeJS.ReadStream,
    output: {
      write: text => {
        screen += text;
        return true;
      },
    },
    type: text => void stream.write(text),
    end: () => void stream.end(),
    screen: () => screen,
    raw,
  };
}

describe('askHidden', () => {
  it.each([
    ['typed', ['p', 'ä', 's', 's', '\r'], 'päss'],
    ['pasted with its line end', ['pass word\n'], 'pass word'],
    ['corrected', ['pax\u007fss\u007f\u007fd\b\u007fab\r'], 'pab'],
    ['begun anew', ['wrong\u0015right\r'], 'right'],
    ['empty', ['\r'], ''],
  ])('takes what is %s', async (_how, keys, wanted) => {
    const io = desk();
    const answer = askHidden('Value: ', io);
    for (const key of keys) io.type(key);
    expect(await answer).toBe(wanted);
    expect(io.screen()).toBe('Value: \n');
    expect(io.raw).toEqual([true, false]);
  });

  it.each([
    ['Ctrl-C', '\u0003', 'cancelled'],
    ['Ctrl-D', '\u0004', 'usage'],
    ['too much', 'x'.repeat(ANSWER_LENGTH_MAX + 1), 'secret-too-big'],
  ])('%s ends it', async (_how, keys, code) => {
    const io = desk();
    const answer = askHidden('Value: ', io);
    io.type(keys);
    await expect(answer).rejects.toMatchObject({ code });
    expect(io.raw).toEqual([true, false]);
  });

  it('an input that ends is no answer', async () => {
    const io = desk();
    const answer = askHidden('Value: ', io);
    io.type('half');
    io.end();
    await expect(answer).rejects.toMatchObject({ code: 'usage' });
  });

  it('asks again what must not be mistyped', async () => {
    const io = desk();
    const answer = askHiddenTwice('New: ', io);
    io.type('one\r');
    await new Promise(resolve => setImmediate(resolve));
    io.type('two\r');
    await expect(answer).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('readAnswer', () => {
  const chunks = async function* (...texts: string[]) {
    for (const text of texts) yield Buffer.from(text);
  };

  it('reads all, without the last line end', async () => {
    expect(await readAnswer(chunks('a\n', 'b\r\n'))).toBe('a\nb');
    expect(await readAnswer(chunks())).toBe('');
    expect((await readAnswer(chunks('x'.repeat(ANSWER_LENGTH_MAX)))).length).toBe(ANSWER_LENGTH_MAX);
    await expect(readAnswer(chunks('x'.repeat(ANSWER_LENGTH_MAX), 'x'))).rejects.toMatchObject({ code: 'secret-too-big' });
  });
});
