// What is at a path, for who only wants to go on: what cannot be looked at is not there. Links are followed.
import type { Stats } from 'node:fs';
import { stat } from './elsewhere.ts';

export async function exists(path: string): Promise<boolean> {
  return (await factsOf(path)) !== undefined;
}

export async function isFile(path: string): Promise<boolean> {
  return (await factsOf(path))?.isFile() === true;
}

export async function isFolder(path: string): Promise<boolean> {
  return (await factsOf(path))?.isDirectory() === true;
}

function factsOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}
