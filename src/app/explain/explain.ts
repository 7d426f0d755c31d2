// `postrider explain CODE`: cause and cure of an error, beyond what one line can hold.
import { didYouMean } from '../../core/diagnostic.ts';
import { AppError } from '../../core/errors.ts';
import { fixedExitCode } from '../exit-codes.ts';
import { CONNECTION_CODES, SIGN_IN_CODES } from './connections.ts';
import type { Explanations } from './explanation.ts';
import { JOB_CODES, RUN_CODES } from './jobs.ts';
import { MAIL_CODES } from './mail.ts';
import { FILE_CODES } from './transfers.ts';

export interface Explained {
  readonly code: string;
  readonly cause: string;
  readonly cure: string;
  /** Where it is always the same. */
  readonly 'exit-code'?: number;
}

/** By what they are about. */
export const EXPLANATIONS: Readonly<Record<string, Explanations>> = {
  connections: CONNECTION_CODES,
  'sign-in and secrets': SIGN_IN_CODES,
  files: FILE_CODES,
  mail: MAIL_CODES,
  'job files': JOB_CODES,
  runs: RUN_CODES,
};

/** Throws AppError `usage`. */
export function explain(code: string): Explained {
  const all = new Map(Object.values(EXPLANATIONS).flatMap(codes => Object.entries(codes)));
  const known = all.get(code.toLowerCase());
  if (known === undefined) {
    const near = didYouMean(code, [...all.keys()]);
    const list = '`postrider explain` lists all.';
    throw new AppError('usage', `there is no error code ${code}`, {
      hint: near === undefined ? list : `Did you mean ${near}? ${list}`,
    });
  }
  const [cause, cure] = known;
  const exitCode = fixedExitCode(code.toLowerCase());
  return { code: code.toLowerCase(), cause, cure, ...(exitCode === undefined ? {} : { 'exit-code': exitCode }) };
}
