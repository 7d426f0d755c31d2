import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareTrees, difference, type MirrorPlan } from '../../../../src/steps/ftp-mirror/comparison/compare.ts';
import { makeFilter } from '../../../../src/steps/ftp-mirror/trees/filter.ts';
import { ancestorsOf, PATHS_CHARS_MAX, TreeBuilder } from '../../../../src/steps/ftp-mirror/trees/tree.ts';

const seed = Number(process.env.FUZZ_SEED ?? 20261123);
const all = makeFilter([], []);
type Model = Map<string, 'folder' | { size: number; modifiedAt: number }>;

function tree(model: Model, filter = all, entriesMax?: number): TreeBuilder {
  const builder = new TreeBuilder(filter, 'x', entriesMax);
  for (const [path, what] of model) {
    if (what === 'folder') builder.addFolder(path);
    else builder.addFile(path, { ...what, precisionMs: 0 });
  }
  return builder;
}

/** A model from leaf paths: parents are folders; a path that is already a folder stays one. */
function modelOf(leaves: readonly (readonly [string, 'folder' | { size: number; modifiedAt: number }])[]): Model {
  const model: Model = new Map();
  for (const [path, what] of leaves) {
    if (model.has(path) || [...ancestorsOf(path)].some(folder => model.has(folder) && model.get(folder) !== 'folder')) continue;
    for (const folder of ancestorsOf(path)) model.set(folder, 'folder');
    model.set(path, what);
  }
  return model;
}

/** Carries a plan out on a model as a file system would: refuses what a file system refuses. */
function applied(plan: MirrorPlan, source: Model, target: Model): Model {
  const result = new Map(target);
  const remove = ({ path, kind }: { path: string; kind: string }) => {
    if (kind === 'folder') expect([...result.keys()].filter(other => other.startsWith(`${path}/`))).toEqual([]);
    expect(result.get(path) === 'folder').toBe(kind === 'folder');
    result.delete(path);
  };
  const parentIsThere = (path: string) => {
    for (const folder of ancestorsOf(path)) expect(result.get(folder)).toBe('folder');
  };
  plan.clears.forEach(remove);
  for (const path of plan.folders) {
    parentIsThere(path);
    expect(result.has(path)).toBe(false);
    result.set(path, 'folder');
  }
  for (const { path } of plan.transfers) {
    parentIsThere(path);
    expect(result.get(path)).not.toBe('folder');
    result.set(path, source.get(path)!);
  }
  plan.deletes.forEach(remove);
  return result;
}

const pathArb = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 }).map(names => names.join('/'));
const fileArb = fc.record({ size: fc.integer({ min: 0, max: 2 }), modifiedAt: fc.constantFrom(0, 10_000, 20_000) });
const modelArb = fc.array(fc.tuple(pathArb, fc.oneof(fc.constant('folder' as const), fileArb)), { maxLength: 12 }).map(modelOf);

describe('laws', () => {
  test('carrying out the plan makes the target equal to the source', () => {
    fc.assert(
      fc.property(modelArb, modelArb, (source, target) => {
        const plan = compareTrees(tree(source), tree(target), { by: 'time-size', delete: true });
        expect(plan.conflicts).toEqual([]);
        const result = applied(plan, source, target);
        expect(Object.fromEntries(result)).toEqual(Object.fromEntries(source));
        expect(plan.unchanged.length + plan.transfers.length).toBe([...source.values()].filter(what => what !== 'folder').length);
      }),
      { seed, numRuns: 500 },
    );
  });

  test('a tree against itself needs nothing', () => {
    fc.assert(
      fc.property(modelArb, model => {
        const plan = compareTrees(tree(model), tree(model), { by: 'time-size', delete: true });
        expect([...plan.folders, ...plan.transfers, ...plan.clears, ...plan.deletes, ...plan.conflicts]).toEqual([]);
      }),
      { seed },
    );
  });

  test('without delete nothing is ever removed; what is excluded is never touched', () => {
    const filter = makeFilter([], ['b']);
    fc.assert(
      fc.property(modelArb, modelArb, fc.boolean(), (source, target, remove) => {
        const plan = compareTrees(tree(source, filter), tree(target, filter), { by: 'size', delete: remove });
        if (!remove) expect([...plan.deletes, ...plan.clears]).toEqual([]);
        const touched = [...plan.deletes, ...plan.clears, ...plan.transfers].map(({ path }) => path);
        expect(touched.filter(path => path.split('/').includes('b'))).toEqual([]);
        for (const { path, kind } of [...plan.deletes, ...plan.clears]) {
          if (kind === 'folder')
            expect([...target.keys()].filter(other => other.startsWith(`${path}/`) && other.split('/').includes('b'))).toEqual(
              [],
            );
        }
      }),
      { seed, numRuns: 300 },
    );
  });
});

test.each([
  ['equal', { size: 1, modifiedAt: 0, precisionMs: 0 }, { size: 1, modifiedAt: 0, precisionMs: 0 }, undefined],
  ['size', { size: 1, modifiedAt: 0, precisionMs: 0 }, { size: 2, modifiedAt: 0, precisionMs: 0 }, 'different size'],
  ['unknown size', { modifiedAt: 0, precisionMs: 0 }, { modifiedAt: 0, precisionMs: 0 }, 'different size'],
  ['2 s apart', { size: 1, modifiedAt: 2_000, precisionMs: 0 }, { size: 1, modifiedAt: 0, precisionMs: 0 }, undefined],
  ['2.001 s newer', { size: 1, modifiedAt: 2_001, precisionMs: 0 }, { size: 1, modifiedAt: 0, precisionMs: 0 }, 'newer'],
  ['2.001 s older', { size: 1, modifiedAt: 0, precisionMs: 0 }, { size: 1, modifiedAt: 2_001, precisionMs: 0 }, 'different time'],
  [
    'within a minute',
    { size: 1, modifiedAt: 60_000, precisionMs: 0 },
    { size: 1, modifiedAt: 0, precisionMs: 60_000 },
    undefined,
  ],
  ['no time', { size: 1, modifiedAt: 0, precisionMs: 0 }, { size: 1, precisionMs: 0 }, 'different time'],
] as const)('difference: %s', (_, source, target, reason) => {
  expect(difference(source, target, 'time-size')).toBe(reason);
  if (reason !== 'different size') expect(difference(source, target, 'size')).toBeUndefined();
});

test('a tree has a limit, at it and one past it', () => {
  const model = modelOf([
    ['a', { size: 1, modifiedAt: 0 }],
    ['b', 'folder'],
  ]);
  expect(tree(model, all, 2).files.size).toBe(1);
  expect(() => tree(model, all, 1)).toThrowError(expect.objectContaining({ code: 'tree-too-large' }));
  const deep = (depth: number) => new TreeBuilder(all, 'x').addFolder(Array.from({ length: depth }, () => 'd').join('/'));
  expect(deep(100)).toBe(true);
  expect(() => deep(101)).toThrowError(expect.objectContaining({ code: 'tree-too-large' }));
});

test('so have all its paths together', () => {
  const long = 'x'.repeat(64_000);
  const builder = new TreeBuilder(all, 'x');
  for (let chars = 0; chars < PATHS_CHARS_MAX; chars += long.length) builder.addFile(long, { precisionMs: 0 });
  expect(() => builder.addFile('y', { precisionMs: 0 })).toThrowError(expect.objectContaining({ code: 'tree-too-large' }));
});
