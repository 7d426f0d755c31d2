import { describe, expect, it } from 'vitest';
import { type Column, table } from '../../src/progress/table.ts';

interface Row {
  readonly name: string;
  readonly size: number;
  readonly note: string;
}
const columns: readonly Column<Row>[] = [
  { title: 'NAME', value: row => row.name },
  { title: 'SIZE', value: row => String(row.size), align: 'right' },
  { title: 'NOTE', value: row => row.note, flexible: true },
];
const rows: readonly Row[] = [
  { name: 'index.html', size: 5, note: 'the first page that visitors see' },
  { name: 'x', size: 12_345, note: '\u001b[31mred' },
];

describe('table', () => {
  it('takes more rows than a call takes arguments', () => {
    const row = { name: 'x', size: 5, note: 'y' };
    expect(table(columns, Array<Row>(200_000).fill(row), 80)).toHaveLength(200_001);
  });

  it('aligns columns and keeps escape sequences out', () => {
    expect(table(columns, rows, 80)).toEqual([
      'NAME         SIZE  NOTE',
      'index.html      5  the first page that visitors see',
      'x           12345  \\x1b[31mred',
    ]);
  });

  it('shortens what may be shortened', () => {
    const lines = table(columns, rows, 40);
    expect(lines[1]).toBe('index.html      5  the first page that …');
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(40);
  });

  it('lets the widest give way first, keeps the end of paths, and counts what a terminal draws wide', () => {
    const shape: readonly Column<readonly [string, string]>[] = [
      { title: 'PATH', value: ([path]) => path, flexible: true, keepEnd: true },
      { title: 'NOTE', value: ([, note]) => note, flexible: true },
    ];
    const lines = table(
      shape,
      [
        ['日本語/photo.jpg', 'short note'],
        ['a/folder/of/the/site', 'x'.repeat(60)],
      ],
      30,
    );
    expect(lines).toEqual(['PATH            NOTE', '…語/photo.jpg   short note', '…r/of/the/site  xxxxxxxxxxxxx…']);
  });

  it('leaves out what is optional before it gives up columns', () => {
    const optional = columns.map(column => (column.title === 'NOTE' ? { ...column, optional: true } : column));
    expect(table(optional, rows, 20)).toEqual(['NAME         SIZE', 'index.html      5', 'x           12345']);
  });

  it('turns rows into blocks when columns do not fit', () => {
    const lines = table(columns, rows, 20);
    expect(lines).toEqual([
      'name: index.html',
      'size: 5',
      'note: the first page',
      '  that visitors see',
      '',
      'name: x',
      'size: 12345',
      'note: \\x1b[31mred',
    ]);
  });
});
