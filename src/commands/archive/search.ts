import { resolve } from 'node:path';
import { Args, Flags } from '@oclif/core';
import { MATCH_END, MATCH_START, type SearchHit, searchArchive } from '../../archive/index.ts';
import { printable } from '../../core/text.ts';
import { formatSize, thingsOf } from '../../core/units.ts';
import { type Paint, paintFor } from '../../progress/paint.ts';
import { wrap } from '../../progress/width.ts';
import { archiveFlag, BaseCommand, jsonFlag } from '../base.ts';
import { columns, sayEvery, usesColor } from '../terminal.ts';

const SHOWN_HASH_CHARS = 12;

export default class ArchiveSearch extends BaseCommand {
  static override summary = 'Find messages by their words, fields, dates, sizes and attachments; the best match first.';
  static override description =
    'word, wor*, "exact words", -not, one OR other; from: to: subject: body: filename: has:attachment after:2026-01 before: date: ' +
    'larger:1MB smaller: account: id:. Without a word to match, the newest first. New messages are indexed before the search.';
  static override examples = [
    `<%= config.bin %> archive search 'from:acme subject:invoice has:attachment after:2026-01 larger:1MB "exact words"'`,
  ];
  static override strict = false;
  static override args = { query: Args.string({ required: true, description: 'what to look for' }) };
  static override flags = {
    archive: archiveFlag,
    limit: Flags.integer({ min: 1, max: 10_000, default: 20, helpValue: 'N', description: 'at most so many' }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(ArchiveSearch);
    const query = (argv as string[]).join(' ');
    const onProgress = sayEvery(10_000, messages => this.say(`${messages} new messages indexed so far`));
    const { hits, more, indexed } = await searchArchive({ root: resolve(flags.archive), query, limit: flags.limit, onProgress });
    if (flags.json) return this.printJson({ query, more, messages: hits.map(hitJson) });
    if (indexed > 0) this.say(`${indexed} new ${thingsOf(indexed, 'messages')} indexed`);
    const paint = paintFor(usesColor(process.stdout));
    for (const hit of hits) this.print(hitText(hit, paint));
    if (hits.length === 0) this.print('nothing found');
    if (more) this.say(`there are more; --limit ${flags.limit * 5} shows them`);
  }
}

function hitText({ sha256, date, from, size, subject, files, snippet }: SearchHit, paint: Paint): string {
  const day = new Date(date).toISOString().slice(0, 10);
  const attached = files.length === 0 ? '' : `  [${files.map(printable).join(', ')}]`;
  const hash = sha256.slice(0, SHOWN_HASH_CHARS);
  const [head = '', ...more] = wrap(`${hash}  ${day}  ${printable(from)}  ${formatSize(size)}`, columns(), '  ');
  return [
    paint.cyan(hash) + head.slice(hash.length),
    ...more,
    ...wrap(`  ${printable(subject) || '(no subject)'}${attached}`, columns(), '  '),
    ...(snippet === '' ? [] : [highlighted(snippet, paint)]),
    '',
  ].join('\n');
}

/** Every odd part is a match; what a mail says is made safe on both sides. */
function highlighted(snippet: string, { bold }: Paint): string {
  const parts = snippet.split(new RegExp(`[${MATCH_START}${MATCH_END}]`)).map(printable);
  const lines = wrap(`  ${parts.join(MATCH_START)}`, columns(), '  ').join('\n');
  return lines
    .split(MATCH_START)
    .map((part, index) => (index % 2 === 1 ? bold(part) : part))
    .join('');
}

function hitJson({ sha256, account, month, date, size, from, subject, files, snippet }: SearchHit): Record<string, unknown> {
  const plain = snippet.replaceAll(MATCH_START, '').replaceAll(MATCH_END, '');
  return { sha256, account, month, date: new Date(date).toISOString(), size, from, subject, attachments: files, snippet: plain };
}
