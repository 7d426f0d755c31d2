// Who waits for whom: cycles, ancestors and waves of steps. Pure.

export interface GraphNode {
  readonly id: string;
  readonly needs: readonly string[];
}

/** Every cycle once, beginning and ending with the step of it that stands first in the file. */
export function cyclesOf(nodes: readonly GraphNode[]): readonly (readonly string[])[] {
  const byId = new Map(nodes.map(node => [node.id, node]));
  const done = new Set<string>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (id: string) => {
    const start = stack.indexOf(id);
    if (start >= 0) return void cycles.push([...stack.slice(start), id]);
    if (done.has(id)) return;
    stack.push(id);
    for (const need of byId.get(id)?.needs ?? []) visit(need);
    stack.pop();
    done.add(id);
  };
  for (const { id } of nodes) visit(id);
  return cycles;
}

/** For every step, all steps that have ended when it starts. A step in a cycle is among its own ancestors. */
export function ancestorsOf(nodes: readonly GraphNode[]): ReadonlyMap<string, ReadonlySet<string>> {
  const byId = new Map(nodes.map(node => [node.id, node]));
  return new Map(
    nodes.map(({ id, needs }) => {
      const ancestors = new Set<string>();
      const open = [...needs];
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        if (ancestors.has(next) || !byId.has(next)) continue;
        ancestors.add(next);
        open.push(...(byId.get(next)?.needs ?? []));
      }
      return [id, ancestors];
    }),
  );
}

/** Steps that may run side by side, wave after wave, in the order of the file. The graph has no cycle. */
export function wavesOf(nodes: readonly GraphNode[]): readonly (readonly string[])[] {
  const known = new Set(nodes.map(node => node.id));
  const waves: string[][] = [];
  const placed = new Set<string>();
  while (placed.size < known.size) {
    const wave = nodes.filter(({ id, needs }) => !placed.has(id) && needs.every(need => placed.has(need) || !known.has(need)));
    if (wave.length === 0) break;
    for (const { id } of wave) placed.add(id);
    waves.push(wave.map(({ id }) => id));
  }
  return waves;
}
