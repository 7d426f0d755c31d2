// A terminal in memory: what a person would see after all those bytes. Throws on a sequence it does not know.
import type { TextSink } from '../../src/progress/sink.ts';

const SEQUENCE = /\u001b\[(\??)([\d;]*)([A-Za-z])/y;

export class Terminal implements TextSink {
  readonly isTTY = true;
  readonly columns: number;
  readonly rows = 50;
  /** Everything written, as it came. */
  raw = '';
  cursorShown = true;
  readonly #lines: string[] = [''];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.columns = columns;
  }

  /** The screen without empty lines at its end. */
  get text(): string {
    return this.#lines
      .map(line => line.trimEnd())
      .join('\n')
      .trimEnd();
  }

  /** Colours that were asked for. */
  get colours(): readonly string[] {
    return [...this.raw.matchAll(/\u001b\[[\d;]*m/g)].map(([sequence]) => sequence);
  }

  write(text: string): boolean {
    this.raw += text;
    for (let at = 0; at < text.length; ) {
      SEQUENCE.lastIndex = at;
      const sequence = SEQUENCE.exec(text);
      if (sequence !== null) {
        this.#obey(sequence[1] === '?', Number(sequence[2] || Number.NaN), sequence[3] ?? '', sequence[2] ?? '');
        at += sequence[0].length;
        continue;
      }
      const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
      this.#put(char);
      at += char.length;
    }
    return true;
  }

  #put(char: string): void {
    if (char === '\n') {
      this.#row += 1;
      this.#column = 0;
      this.#line();
      return;
    }
    if (char < ' ') throw new Error(`a control character on the terminal: ${JSON.stringify(char)}`);
    if (this.#column >= this.columns)
      throw new Error(`a line is longer than ${this.columns} columns: ${this.#line().join('')}${char}`);
    const line = this.#line();
    while (line.length < this.#column) line.push(' ');
    line[this.#column] = char;
    this.#lines[this.#row] = line.join('');
    this.#column += 1;
  }

  #line(): string[] {
    while (this.#lines.length <= this.#row) this.#lines.push('');
    return [...(this.#lines[this.#row] ?? '')];
  }

  #obey(isPrivate: boolean, count: number, letter: string, parameters: string): void {
    if (isPrivate && parameters === '25') this.cursorShown = letter === 'h';
    if (isPrivate || letter === 'm') return;
    const times = Number.isNaN(count) ? 1 : count;
    switch (letter) {
      case 'A':
        this.#row = Math.max(0, this.#row - times);
        return;
      case 'B':
        this.#row += times;
        this.#line();
        return;
      case 'G':
        this.#column = times - 1;
        return;
      case 'K':
        this.#lines[this.#row] = count === 2 ? '' : this.#line().slice(0, this.#column).join('');
        return;
      case 'J':
        this.#lines[this.#row] = this.#line().slice(0, this.#column).join('');
        this.#lines.length = this.#row + 1;
        return;
      default:
        throw new Error(`the terminal does not know CSI ${parameters}${letter}`);
    }
  }
}
