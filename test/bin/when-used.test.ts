// Requires moved to the first use of what they bring: what is rewritten, and what is left as it stands.
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';

const { ascii, whenUsed } = (await import(new URL('../../bin/when-used.js', import.meta.url).href)) as {
  ascii(code: string): string;
  whenUsed(code: string): string;
};

/** What a file loads, in which order, and what it says. */
function run(code: string): readonly string[] {
  const said: string[] = [];
  const files: Readonly<Record<string, unknown>> = {
    './a': { one: () => 'one', list: ['x', 'y'], Made: class Made {} },
    './b': { deep: { Made: class Deep {} }, two: () => 'two' },
    './f': () => 'called',
  };
  const require = (name: string) => {
    said.push(`loads ${name}`);
    return files[name];
  };
  runInNewContext(code, { require, say: (text: string) => said.push(text) });
  return said;
}

it('loads a file when it is first used, once', () => {
  const code = 'const a = require("./a"), b = require("./b");\nsay("begins");\nsay((0, a.one)());\nsay(a.one());\n';
  expect(run(code)).toEqual(['loads ./a', 'loads ./b', 'begins', 'one', 'one']);
  expect(run(whenUsed(code))).toEqual(['begins', 'loads ./a', 'one', 'one']);
});

it.each([
  ['an instance', 'const a = require("./a");\nsay(new a.Made().constructor.name);', ['loads ./a', 'Made']],
  ['an instance of something deep', 'const b = require("./b");\nsay(new b.deep.Made().constructor.name);', ['loads ./b', 'Deep']],
  [
    'a class made of another',
    'const a = require("./a");\nsay(Object.getPrototypeOf(class extends a.Made {}).name);',
    ['loads ./a', 'Made'],
  ],
  ['a spread', 'const a = require("./a");\nsay([...a.list].join());', ['loads ./a', 'x,y']],
  [
    'a name of which another is the beginning',
    'const a = require("./a"), a$1 = require("./b");\nsay(a$1.two());',
    ['loads ./b', 'two'],
  ],
  [
    'a property of the same name',
    'const a = require("./a");\nconst other = { a: { one: () => "another" } };\nsay(other.a.one());',
    ['loads ./a', 'another'],
  ],
  ['a file that is a function', 'const f = require("./f");\nsay(f());', ['loads ./f', 'called']],
  ['a file given away as a whole', 'const a = require("./a");\nconst all = a;\nsay(all.one());', ['loads ./a', 'one']],
  [
    'a name used again',
    'const a = require("./a");\nconst say2 = a => say(a.one());\nsay2({ one: () => "inner" });',
    ['loads ./a', 'inner'],
  ],
])('means the same with %s', (_, code, said) => {
  expect(run(whenUsed(code))).toEqual(said);
});

it('knows how TypeScript and Rolldown write it, and leaves alone what Node has loaded anyway', () => {
  const wrapped = 'const a_1 = __importDefault(require("./a"));\nuse(a_1.default);';
  expect(whenUsed(wrapped)).toBe('let a_1$, a_1 = () => a_1$ ??= __importDefault(require("./a"));\nuse(a_1().default);');
  const rolled =
    'const require_a = require("./a");\nvar import_a = require_rolldown_runtime.a(require_a.t(), 1);\nuse((0, import_a.default)());';
  const name = 'require_a$, require_a = () => require_a$ ??= require("./a")';
  expect(whenUsed(rolled)).toBe(
    `let ${name};\nlet import_a$, import_a = () => import_a$ ??= require_rolldown_runtime.a(require_a().t(), 1);\nuse((0, import_a().default)());`,
  );
  const ready = 'const fs = require("node:fs"), os = require("node:os");\nfs.a(os.b);';
  expect(whenUsed(ready)).toBe('let fs = require("node:fs");let os$, os = () => os$ ??= require("node:os");\nfs.a(os().b);');
});

it('writes ASCII, which means the same', () => {
  const code = 'say("a\u2019b\u{1f4e8}"); say(`\u2026`); say(String(/[\u2019-\u201d]/u.test("\u201c")));';
  expect(ascii(code)).toMatch(/^[ -~]*$/);
  expect(run(ascii(code))).toEqual(['a\u2019b\u{1f4e8}', '\u2026', 'true']);
  expect(() => ascii('String.raw`\u2019`')).toThrow('String.raw');
});
