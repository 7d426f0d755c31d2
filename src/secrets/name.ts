// What may be the name of a secret.
import { AppError } from '../core/errors.ts';

export const SECRET_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** Throws AppError `secret-name`. */
export function assertSecretName(name: string): void {
  if (SECRET_NAME.test(name)) return;
  throw new AppError('secret-name', `${JSON.stringify(name)} is no name for a secret`, {
    hint: 'Use letters, digits, - and _; start with a letter.',
  });
}
