// A folder as a value: every path below it with its bytes' hash, to compare two trees.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** path → sha256; folders end in `/`. */
export function treeOf(dir: string, prefix = ''): Record<string, string> {
  const entries = readdirSync(join(dir, prefix), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return Object.assign(
    {},
    ...entries.map(entry => {
      const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      return entry.isDirectory() ? { [`${path}/`]: '', ...treeOf(dir, path) } : { [path]: sha256(readFileSync(join(dir, path))) };
    }),
  );
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
