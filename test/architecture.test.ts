// The house rules as tests: import order, cycles (type imports counted), confinement of packages and of time, file and function sizes.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 60;
const CORE_FILES_MAX = 12;
const MEDIAN_LINES_MAX = 100;

/** A folder may import only from folders with a larger number; equal numbers never import each other. */
const ORDER: Readonly<Record<string, number>> = {
  api: 0,
  commands: 0,
  app: 1,
  progress: 2,
  schedule: 2,
  stores: 3,
  run: 4,
  plan: 5,
  job: 6,
  steps: 7,
  sandbox: 7,
  archive: 8,
  protocols: 9,
  mail: 9,
  secrets: 9,
  files: 9.5,
  core: 10,
};

/** package → the only files or folders of src that may import it. */
const CONFINED: readonly (readonly [pattern: RegExp, home: RegExp])[] = [
  [/^node:(net|tls|dns)(\/|$)/, /^protocols\/net\//],
  [/^node:sqlite$/, /^(stores\/sqlite\/|archive\/search\/index-file\.ts$)/],
  [/^@oclif\//, /^commands\//],
  [/^listr2$/, /^progress\//],
  [/^cron-parser$/, /^schedule\//],
  [/^yaml$/, /^job\//],
  [/^@actions\/expressions/, /^job\/expression/],
  [/^keytar$/, /^secrets\//],
  [/^zod\/mini$/, /^core\/schema\.ts$/],
  [/^nodemailer/, /^mail\//],
  [/^postal-mime$/, /^mail\//],
  [/^liquidjs$/, /^mail\//],
  [/^ignore$/, /^steps\/ftp-mirror\//],
  [/^picomatch$/, /^steps\//],
  [/^selfsigned$/, /^sandbox\//],
  [/^age-encryption$/, /^secrets\//],
  [/^oauth4webapi$/, /^secrets\/oauth\//],
];

/** A word that only some folders may say. */
const WORDS: readonly (readonly [name: string, pattern: RegExp, home: RegExp])[] = [
  ['console', /\bconsole\./, /^(commands|progress)\//],
  ['process.stdout/stderr', /\bprocess\.(stdout|stderr)\b/, /^(commands|progress)\//],
  ['process.env/exit', /\bprocess\.(env|exit)\b|'node:process'/, /^(commands|app)\/|^protocols\/net\/system-certificates\.ts$/],
  ['clock', /\b(Date\.now|performance\.now|setTimeout|setInterval|setImmediate)\(|\bnew Date\(\)/, /^core\/clock\.ts$/],
  ['chance', /\bMath\.random\(/, /^core\/random\.ts$/],
];

interface SourceFile {
  /** Relative to src. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

const src = join(import.meta.dirname, '../src');
const files: readonly SourceFile[] = globSync('**/*.ts', { cwd: src })
  .map(path => path.replaceAll('\\', '/'))
  .sort()
  .map(path => {
    const text = readFileSync(join(src, path), 'utf8');
    return { path, text, imports: [...text.matchAll(IMPORT)].map(m => m[1] ?? m[2] ?? m[3] ?? '') };
  });
const byPath = new Map(files.map(file => [file.path, file]));

function relativeImports(file: SourceFile): string[] {
  return file.imports
    .filter(name => name.startsWith('.'))
    .map(name => normalize(join(dirname(file.path), name)).replaceAll('\\', '/'));
}

const folderOf = (path: string) => path.split('/')[0] ?? '';

describe('imports', () => {
  it('finds the source files', () => {
    expect(files.length).toBeGreaterThan(100);
  });

  it('name files that exist, with their ending', () => {
    const missing = files.flatMap(file =>
      relativeImports(file)
        .filter(target => !byPath.has(target))
        .map(target => `${file.path} → ${target}`),
    );
    expect(missing).toEqual([]);
  });

  it('go one way', () => {
    const wrong = files.flatMap(file =>
      relativeImports(file)
        .filter(target => folderOf(target) !== folderOf(file.path) && !(order(target) > order(file.path)))
        .map(target => `${file.path} → ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('keep schedule on the store contract, job, plan and run on the step contract, and the registry in app', () => {
    const wrong = files.flatMap(file =>
      relativeImports(file)
        .filter(target => !narrowDoorAllows(file.path, target))
        .map(target => `${file.path} → ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('never cross from one protocol, step or database to another', () => {
    const wrong = files.flatMap(file =>
      relativeImports(file)
        .filter(target => isSideways(file.path, target))
        .map(target => `${file.path} → ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('have no cycles, type imports counted', () => {
    expect(cycles()).toEqual([]);
  });

  it('keep third-party packages and sockets in one place', () => {
    const wrong = files.flatMap(file =>
      file.imports.flatMap(name =>
        CONFINED.filter(([pattern, home]) => pattern.test(name) && !home.test(file.path)).map(() => `${file.path} → ${name}`),
      ),
    );
    expect(wrong).toEqual([]);
  });

  it('use no third-party package without a home', () => {
    const homeless = files.flatMap(file =>
      file.imports
        .filter(name => !name.startsWith('.') && !name.startsWith('node:') && !CONFINED.some(([pattern]) => pattern.test(name)))
        .map(name => `${file.path} → ${name}`),
    );
    expect(homeless).toEqual([]);
  });
});

describe('words', () => {
  it.each(WORDS)('%s stays at home', (_name, pattern, home) => {
    const wrong = files.filter(file => !home.test(file.path) && pattern.test(withoutComments(file.text))).map(file => file.path);
    expect(wrong).toEqual([]);
  });
});

describe('tests', () => {
  it('wait for child processes through support/sync-child.ts alone, which ends those that hang', () => {
    const unlimited = globSync('**/*.ts', { cwd: import.meta.dirname, exclude: ['bench/**', 'support/sync-child.ts'] }).filter(
      path =>
        /import [^;]*(?:\w+Sync\b|\* as)[^;]*from 'node:child_process'/.test(
          readFileSync(join(import.meta.dirname, path), 'utf8'),
        ),
    );
    expect(unlimited).toEqual([]);
  });
});

describe('form', () => {
  it(`no file is longer than ${FILE_LINES_MAX} lines`, () => {
    expect(files.filter(file => lineCount(file) > FILE_LINES_MAX).map(file => `${file.path}: ${lineCount(file)}`)).toEqual([]);
  });

  it(`the median file is shorter than ${MEDIAN_LINES_MAX} lines`, () => {
    const counts = files.map(lineCount).sort((a, b) => a - b);
    expect(counts[Math.floor(counts.length / 2)]).toBeLessThan(MEDIAN_LINES_MAX);
  });

  it(`no function is longer than ${FUNCTION_LINES_MAX} lines`, () => {
    expect(files.flatMap(longFunctions)).toEqual([]);
  });

  it(`core has at most ${CORE_FILES_MAX} files`, () => {
    expect(files.filter(file => folderOf(file.path) === 'core').length).toBeLessThanOrEqual(CORE_FILES_MAX);
  });

  it('every file but a command opens with a sentence that says what it is for', () => {
    const silent = files.filter(file => folderOf(file.path) !== 'commands' && !/^\/\/ \S/.test(file.text)).map(file => file.path);
    expect(silent).toEqual([]);
  });

  it('file names are kebab-case nouns', () => {
    const odd = files
      .filter(file => !/^[a-z0-9-/]+\.ts$/.test(file.path) || /\/(utils?|helpers?|manager|types)\.ts$/.test(file.path))
      .map(file => file.path);
    expect(odd).toEqual([]);
  });

  it('exports are named, except commands', () => {
    const wrong = files
      .filter(file => folderOf(file.path) !== 'commands' && /^export default/m.test(file.text))
      .map(file => file.path);
    expect(wrong).toEqual([]);
  });
});

function order(path: string): number {
  const known = ORDER[folderOf(path)];
  if (known === undefined) throw new Error(`src/${folderOf(path)} has no place in the order`);
  return known;
}

function narrowDoorAllows(from: string, target: string): boolean {
  const folder = folderOf(from);
  if (folder === 'schedule' && folderOf(target) === 'stores') return target === 'stores/store.ts';
  if (['job', 'plan', 'run'].includes(folder) && folderOf(target) === 'steps') return target === 'steps/step.ts';
  if (folder === 'sandbox' && folderOf(target) === 'protocols') return /^protocols\/(wire|net)\//.test(target);
  if (target === 'steps/registry.ts') return folder === 'app';
  return true;
}

function isSideways(from: string, target: string): boolean {
  const [folder, part, rest] = from.split('/');
  const [targetFolder, targetPart, targetRest] = target.split('/');
  if (folder !== targetFolder || part === targetPart || targetRest === undefined) return false;
  if (folder === 'protocols')
    return (
      targetPart !== 'wire' &&
      targetPart !== 'net' &&
      !(targetPart === 'sasl' && rest !== undefined && ['pop3', 'smtp'].includes(part ?? ''))
    );
  if (folder === 'steps' || folder === 'stores') return rest !== undefined;
  return false;
}

function cycles(): string[] {
  const state = new Map<string, 'open' | 'done'>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    if (state.get(path) === 'done') return;
    if (state.get(path) === 'open') {
      found.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      return;
    }
    state.set(path, 'open');
    const file = byPath.get(path);
    if (file !== undefined) for (const target of relativeImports(file)) visit(target, [...trail, path]);
    state.set(path, 'done');
  };
  for (const file of files) visit(file.path, []);
  return found;
}

function lineCount(file: SourceFile): number {
  return file.text.trimEnd().split('\n').length;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
}

const FUNCTION_START =
  /^(\s*)(?:export )?(?:default )?(?:async )?(?:function\b|(?:(?:private|protected|public|static|override|readonly|get|set|async|\*)\s+)*[#\w]+\([^;]*\)[^;=]*\{\s*$|(?:const|let) \w+ = (?:async )?(?:\([^;]*\)|\w+)[^;]*=>\s*\{\s*$)/;

/** The formatter indents the end of a block like its start, so the first such line closes it. */
function longFunctions(file: SourceFile): string[] {
  const lines = file.text.split('\n');
  return lines.flatMap((line, start) => {
    const indent = FUNCTION_START.exec(line)?.[1];
    if (indent === undefined || /^\s*(if|for|while|switch|return|else)\b/.test(line)) return [];
    const end = lines.findIndex((other, i) => i > start && other.startsWith(`${indent}}`));
    return end - start + 1 > FUNCTION_LINES_MAX ? [`${file.path}:${start + 1}: ${end - start + 1} lines`] : [];
  });
}
