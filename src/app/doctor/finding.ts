// What the doctor found: one row a check, with what to do about it.
import { type ErrorReport, reportOf } from '../../core/errors.ts';

export interface Finding {
  /** `node`, `state`, `vault`, `tls`, … */
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'error' | 'skipped';
  readonly found: string;
  /** What to do about it; several lines when something is to be copied. */
  readonly advice?: string;
  /** Of the error, when it is one; decides the exit code. */
  readonly error?: Pick<ErrorReport, 'code' | 'retry'>;
}

export function fine(check: string, found: string): Finding {
  return { check, state: 'ok', found };
}

export function warning(check: string, found: string, advice: string): Finding {
  return { check, state: 'warning', found, advice };
}

export function skipped(check: string, found: string): Finding {
  return { check, state: 'skipped', found };
}

/** Anything thrown, as a row. */
export function broken(check: string, thrown: unknown): Finding {
  const { code, message, retry, hint } = reportOf(thrown);
  return { check, state: 'error', found: message, error: { code, retry }, ...(hint === undefined ? {} : { advice: hint }) };
}

/** One check that cannot stop the others. */
export async function attempt(check: string, work: () => Promise<Finding | readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return [await work()].flat();
  } catch (error) {
    return [broken(check, error)];
  }
}
