// The words of an HTML mail, for a terminal or an index: tags, scripts and styles gone, blocks on lines of their own. In linear time.

/** Elements whose content nobody reads. */
const UNREAD: ReadonlySet<string> = new Set(['script', 'style', 'head', 'title', 'template', 'noscript']);
const BREAKS: ReadonlySet<string> = new Set(
  'address article blockquote br center dd div dl dt footer h1 h2 h3 h4 h5 h6 header hr li ol p pre section table tr ul'.split(
    ' ',
  ),
);
/** Blank lines may stand between these. */
const PARAGRAPHS: ReadonlySet<string> = new Set(['p', 'br']);
const CELLS: ReadonlySet<string> = new Set(['td', 'th']);
const ENTITIES: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', ndash: '–', mdash: '—', hellip: '…', euro: '€', copy: '©' },
  ...{ auml: 'ä', ouml: 'ö', uuml: 'ü', Auml: 'Ä', Ouml: 'Ö', Uuml: 'Ü', szlig: 'ß', eacute: 'é', egrave: 'è', agrave: 'à' },
};

export function htmlText(html: string): string {
  const out: string[] = [];
  let broken = true;
  for (let at = 0; at < html.length; ) {
    const open = html.indexOf('<', at);
    const words = html.slice(at, open === -1 ? html.length : open).replace(/\s+/g, ' ');
    if (words !== '' && words !== ' ') broken = false;
    out.push(words);
    if (open === -1) break;
    const { name, end } = tagAt(html, open);
    if (BREAKS.has(name) && !(broken && !PARAGRAPHS.has(name))) {
      out.push('\n');
      broken = true;
    } else if (CELLS.has(name)) out.push(' ');
    else if (end === open + 1) out.push('<');
    at = UNREAD.has(name) ? elementEnd(html, name, end) : end;
  }
  return out
    .join('')
    .replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{1,8});/gi, (raw, entity: string) => decoded(entity) ?? raw)
    .split('\n')
    .map(line => line.replace(/ +/g, ' ').trim())
    .filter((line, index, lines) => line !== '' || (lines[index - 1] ?? '') !== '')
    .join('\n')
    .trim();
}

/** A closing tag has the name of its element; a `<` that begins no tag is skipped with what looks like one. */
function tagAt(html: string, open: number): { readonly name: string; readonly end: number } {
  if (html.startsWith('<!--', open)) return { name: '', end: after(html, '-->', open + 4) };
  const name = /^<\/?([a-z][a-z0-9]{0,15})/i.exec(html.slice(open, open + 20))?.[1]?.toLowerCase() ?? '';
  return { name, end: name === '' && !/[/!?]/.test(html[open + 1] ?? '') ? open + 1 : after(html, '>', open) };
}

function elementEnd(html: string, name: string, from: number): number {
  const close = new RegExp(`</${name}`, 'gi');
  close.lastIndex = from;
  const found = close.exec(html);
  return found === null ? html.length : after(html, '>', found.index);
}

function after(html: string, what: string, from: number): number {
  const found = html.indexOf(what, from);
  return found === -1 ? html.length : found + what.length;
}

function decoded(entity: string): string | undefined {
  if (!entity.startsWith('#')) return ENTITIES[entity];
  const code = /^#x/i.test(entity) ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1));
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}
