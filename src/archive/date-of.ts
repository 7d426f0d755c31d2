// The date by which people look for a message.
import type { ManifestEntry } from './manifest.ts';

/** When a message says it was written, else when it was archived; epoch milliseconds. */
export function dateOf({ date, fetchedAt }: Pick<ManifestEntry, 'date' | 'fetchedAt'>): number {
  const written = date === undefined ? Number.NaN : Date.parse(date.replace(/\s*\([^)]*\)/g, ''));
  return Number.isNaN(written) ? fetchedAt : written;
}
