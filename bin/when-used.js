// What bundlers for phones call inline requires: what a file needs is made ready when it is first used, not when the file is loaded. A
// start then pays for what the command does, not for all that it could do.

/** `name = require("…")`, plain or as TypeScript writes it; or what Rolldown makes of another file's CommonJS for who imports it. */
const DECLARATION =
  /([\w$]+) = ((?:__import(?:Default|Star)\()?require\("([^"]+)"\)\)?|require_rolldown_runtime\.a\([\w$]+\.t\(\), 1\))/g;
const STATEMENT = new RegExp(`^(?:const|let|var) (?:${DECLARATION.source}(?:, )?)+;$`, 'gm');

/** Node needs them for itself, and every file the runtime. */
const ALWAYS_READY = /^(?:node:)?(?:fs|path|buffer|events|util)$|rolldown-runtime/;

/** What may stand before a name: no part of it, and no dot but those of a spread. */
const BEFORE = '(?<![\\w$]|(?<!\\.\\.)\\.)';

/** @param code CommonJS, in which a list of requires has a line of its own */
export function whenUsed(code) {
  const rest = code.replace(STATEMENT, '');
  const names = [];
  const declared = code.replace(STATEMENT, statement => {
    const [ready, later] = [[], []];
    for (const [text, name, value, from] of statement.matchAll(DECLARATION)) {
      if (ALWAYS_READY.test(from) || !isReadInPartsOnly(rest, name)) ready.push(text);
      else later.push(`${name}$, ${name} = () => ${name}$ ??= ${value}`) && names.push(escaped(name));
    }
    return [ready, later].map(list => (list.length === 0 ? '' : `let ${list.join(', ')};`)).join('');
  });
  if (names.length === 0) return code;
  // `new a().B()` would be the B of a new a.
  const use = new RegExp(`${BEFORE}(new )?(${names.join('|')})((?:\\.[\\w$]+)+)`, 'g');
  return declared.replace(use, (_, made, name, path) => (made === undefined ? `${name}()${path}` : `new (${name}()${path})`));
}

/** One of its exports at a time, never all as one object. */
function isReadInPartsOnly(code, name) {
  return !new RegExp(`${BEFORE}${escaped(name)}(?![\\w$]|\\.[A-Za-z_$])`).test(code);
}

function escaped(name) {
  return name.replaceAll('$', '\\$');
}

/** One byte a character, not two, where V8 keeps the text; as esbuild writes it. */
export function ascii(code) {
  if (/String\.raw`[^`]*[^\0-\x7f]/.test(code)) throw new Error('String.raw would take an escape for a text');
  return code.replace(/[^\0-\x7f]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
