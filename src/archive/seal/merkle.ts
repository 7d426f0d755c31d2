// The root of a Merkle tree over lines, as RFC 6962 section 2.1 builds it: one hash that no line can change without changing.
import { createHash } from 'node:crypto';

const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);

/** Takes leaves one by one; holds one hash for each level. */
export class MerkleTree {
  /** Roots of full subtrees, the largest first; their sizes are the bits of #count. */
  readonly #roots: Buffer[] = [];
  #count = 0;

  add(leaf: Buffer): void {
    let root = sha256(LEAF, leaf);
    for (let bits = this.#count; bits % 2 === 1; bits = (bits - 1) / 2) root = sha256(NODE, this.#roots.pop() ?? root, root);
    this.#roots.push(root);
    this.#count += 1;
  }

  /** Hexadecimal. */
  root(): string {
    const whole = this.#roots.reduceRight<Buffer | undefined>(
      (right, left) => (right === undefined ? left : sha256(NODE, left, right)),
      undefined,
    );
    return (whole ?? createHash('sha256').digest()).toString('hex');
  }
}

function sha256(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
