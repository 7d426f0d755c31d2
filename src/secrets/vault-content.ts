// What is inside the vault: names, values and when each was set, as JSON with a version.
import { Secret } from '../core/secret.ts';
import { SECRET_NAME } from './name.ts';
import { damaged, newer } from './vault-cipher.ts';

export interface VaultItem {
  readonly value: Secret;
  /** Epoch milliseconds. */
  readonly setAt: number;
}

export type VaultContent = ReadonlyMap<string, VaultItem>;

const VERSION = 1;
const VERSION_KEY = 'postrider-vault';

export function contentText(content: VaultContent): string {
  const names = [...content.keys()].sort();
  const secrets = names.flatMap(name => {
    const item = content.get(name);
    return item === undefined ? [] : [[name, { value: item.value.reveal(), 'set-at': new Date(item.setAt).toISOString() }]];
  });
  return `${JSON.stringify({ [VERSION_KEY]: VERSION, secrets: Object.fromEntries(secrets) }, undefined, 2)}\n`;
}

/** Throws AppError `vault-damaged`, `vault-newer`. */
export function parseContent(text: string, path: string): VaultContent {
  const value = parsed(text, path);
  const version = record(value)[VERSION_KEY];
  if (typeof version === 'number' && version > VERSION) throw newer(path);
  const { secrets } = record(value);
  if (version !== VERSION || typeof secrets !== 'object' || secrets === null)
    throw damaged(path, 'it holds no secrets of postrider');
  return new Map(Object.entries(secrets).map(([name, item]) => [name, itemOf(name, record(item), path)]));
}

function itemOf(name: string, item: Readonly<Record<string, unknown>>, path: string): VaultItem {
  const { value, 'set-at': setAt } = item;
  const at = typeof setAt === 'string' ? Date.parse(setAt) : Number.NaN;
  if (!SECRET_NAME.test(name) || typeof value !== 'string' || Number.isNaN(at))
    throw damaged(path, 'an entry in it cannot be read');
  return { value: new Secret(value), setAt: at };
}

/** The cause is left out: V8's message would quote the clear text. */
function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw damaged(path, 'its content is no JSON');
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
