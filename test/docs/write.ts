// `npm run docs`: writes the generated pages.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedPages } from './generated.ts';

for (const [path, text] of Object.entries(generatedPages())) writeFileSync(join(import.meta.dirname, '../..', path), text);
