// Names on the server that belong to the mirror itself: never content, never deleted, on neither side.

/** What was deployed, in the root of a mirror with `compare: manifest`. */
export const MANIFEST_NAME = '.postrider-manifest.json';

/** The folder that keeps a second mirror away while one works. */
export const LOCK_NAME = '.postrider-lock';

export function isOwnName(name: string): boolean {
  return name === MANIFEST_NAME || name === LOCK_NAME;
}
