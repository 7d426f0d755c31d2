// Chinese and Japanese are written without spaces: an invisible one behind each character lets any part of a text be found.

const BREAK = '\u200b';
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu;

/** For what is indexed, and for what is looked for. */
export function withBreaks(text: string): string {
  return text.replaceAll(BREAK, '').replace(UNSPACED, `$&${BREAK}`);
}

/** For people. */
export function withoutBreaks(text: string): string {
  return text.replaceAll(BREAK, '');
}
