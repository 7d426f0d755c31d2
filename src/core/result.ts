// What a user's file can get wrong is a value, not an exception: a Result holds the value or every diagnostic at once.
import type { Diagnostic } from './diagnostic.ts';

export type Result<T> =
  | { readonly ok: true; readonly value: T; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** A value, with the warnings found on the way. */
export function ok<T>(value: T, warnings: readonly Diagnostic[] = []): Result<T> {
  return { ok: true, value, diagnostics: warnings };
}

export function failed<T = never>(diagnostics: readonly Diagnostic[]): Result<T> {
  return { ok: false, diagnostics };
}
