// What may be the name of a secret.
import { AppError } from '../core/errors.ts';

export const SECRET_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

const FORM = { hint: 'Use letters, digits, - and _; start with a letter.' };

/** Throws AppError `secret-name`. */
export function assertSecretName(name: string): void {
  if (!SECRET_NAME.test(name)) throw new AppError('secret-name', `${JSON.stringify(name)} is no name for a secret`, FORM);
}

/** For what stands on the command line; `kept` is the name of the secret that it leads to. Throws AppError `usage`. */
export function assertNameGiven(name: string, what: 'secret' | 'sign-in', kept = name): void {
  if (!SECRET_NAME.test(kept)) throw new AppError('usage', `${JSON.stringify(name)} is no name for a ${what}`, FORM);
}
