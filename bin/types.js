// Of the declarations that tsc wrote, those stay that `import … from 'postrider'` leads to; the others describe insides.
import { globSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const IMPORT = /(?:from |import\()['"](\.[^'"]+)\.ts['"]/g;

const wanted = new Set();
follow(join(dist, 'api/index.d.ts'));
for (const file of globSync('**/*.d.ts', { cwd: dist })) if (!wanted.has(join(dist, file))) rmSync(join(dist, file));

function follow(file) {
  if (wanted.has(file)) return;
  wanted.add(file);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(IMPORT)) follow(join(dirname(file), `${path}.d.ts`));
}
