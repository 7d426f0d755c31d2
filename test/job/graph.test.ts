// Cycles, ancestors and waves of steps.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ancestorsOf, cyclesOf, type GraphNode, wavesOf } from '../../src/job/graph.ts';

const seed = Number(process.env['FUZZ_SEED'] ?? 20261123);
const graph = (edges: Record<string, string[]>): GraphNode[] => Object.entries(edges).map(([id, needs]) => ({ id, needs }));

describe('cyclesOf', () => {
  it.each<[name: string, edges: Record<string, string[]>, cycles: string[][]]>([
    ['none in a chain', { a: [], b: ['a'], c: ['b'] }, []],
    ['none in a diamond', { a: [], b: ['a'], c: ['a'], d: ['b', 'c'] }, []],
    ['one of itself', { a: ['a'] }, [['a', 'a']]],
    ['one of three', { a: ['c'], b: ['a'], c: ['b'] }, [['a', 'c', 'b', 'a']]],
    [
      'two apart',
      { a: ['b'], b: ['a'], c: ['d'], d: ['c'] },
      [
        ['a', 'b', 'a'],
        ['c', 'd', 'c'],
      ],
    ],
    ['behind a step that is not there', { a: ['nowhere'] }, []],
  ])('finds %s', (_, edges, cycles) => expect(cyclesOf(graph(edges))).toEqual(cycles));
});

describe('ancestorsOf', () => {
  it('reaches near and far', () => {
    const ancestors = ancestorsOf(graph({ a: [], b: ['a'], c: ['b'], d: [] }));
    expect([...(ancestors.get('c') ?? [])].sort()).toEqual(['a', 'b']);
    expect([...(ancestors.get('d') ?? [])]).toEqual([]);
  });

  it('ends in a cycle', () => {
    expect([...(ancestorsOf(graph({ a: ['b'], b: ['a'] })).get('a') ?? [])].sort()).toEqual(['a', 'b']);
  });
});

describe('wavesOf', () => {
  it('puts every step once, after all that it needs', () => {
    const nodes = fc
      .array(fc.array(fc.nat(30), { maxLength: 4 }), { maxLength: 30 })
      .map(lists =>
        lists.map((needs, index) => ({ id: `s${index}`, needs: needs.filter(need => need < index).map(need => `s${need}`) })),
      );
    fc.assert(
      fc.property(nodes, steps => {
        const waves = wavesOf(steps);
        expect(waves.flat().sort()).toEqual(steps.map(step => step.id).sort());
        const waveOf = new Map(waves.flatMap((wave, index) => wave.map(id => [id, index] as const)));
        for (const { id, needs } of steps) {
          for (const need of needs) expect(waveOf.get(need)).toBeLessThan(waveOf.get(id) ?? 0);
        }
      }),
      { seed, numRuns: 200 },
    );
  });

  it('does not wait for steps that are not there', () => {
    expect(wavesOf(graph({ a: ['gone'], b: ['a'] }))).toEqual([['a'], ['b']]);
  });
});
