// CONTRACT section 2: what the program's exit code says.
import type { ErrorReport } from '../core/errors.ts';
import type { RunStatus } from '../run/events.ts';
import type { EndSignal } from './interruption.ts';

export const EXIT = {
  success: 0,
  failed: 1,
  usage: 2,
  invalid: 3,
  signIn: 4,
  temporary: 5,
  timedOut: 7,
  held: 8,
  store: 10,
  interrupted: 130,
  terminated: 143,
} as const;

/** For people. */
export const EXIT_MEANINGS: Readonly<Record<(typeof EXIT)[keyof typeof EXIT], string>> = {
  0: 'success',
  1: 'a step failed',
  2: 'wrong usage',
  3: 'job file invalid',
  4: 'sign-in or secret',
  5: 'still failing for a temporary reason after all retries',
  7: 'timed out',
  8: 'skipped because another run holds the job or the archive',
  10: 'state store unusable',
  130: 'interrupted by Ctrl-C',
  143: 'ended by SIGTERM',
};

const BY_CODE: Readonly<Record<string, number>> = {
  'sign-in-refused': EXIT.signIn,
  'sign-in-unsafe': EXIT.signIn,
  'sign-in-unsupported': EXIT.signIn,
  'server-unproven': EXIT.signIn,
  'account-required': EXIT.signIn,
  'user-missing': EXIT.signIn,
  'proxy-sign-in-refused': EXIT.signIn,
  'secret-missing': EXIT.signIn,
  'secret-name': EXIT.signIn,
  'secret-too-big': EXIT.signIn,
  'secret-empty': EXIT.signIn,
  'secret-invalid': EXIT.signIn,
  'secret-unusable': EXIT.signIn,
  'vault-locked': EXIT.signIn,
  'vault-damaged': EXIT.signIn,
  'vault-newer': EXIT.signIn,
  'keychain-missing': EXIT.signIn,
  'keychain-locked': EXIT.signIn,
  'oauth-broken': EXIT.signIn,
  'oauth-missing': EXIT.signIn,
  'oauth-unreadable': EXIT.signIn,
  'oauth-expired': EXIT.signIn,
  'oauth-consent': EXIT.signIn,
  'oauth-scope': EXIT.signIn,
  'oauth-tenant': EXIT.signIn,
  'oauth-client': EXIT.signIn,
  'oauth-refused': EXIT.signIn,
  'oauth-timed-out': EXIT.signIn,
  'config-invalid': EXIT.invalid,
  'job-invalid': EXIT.invalid,
  'job-missing': EXIT.usage,
  'connection-unknown': EXIT.usage,
  'run-missing': EXIT.usage,
  'letter-missing': EXIT.usage,
  'letter-gone': EXIT.usage,
  'run-going': EXIT.usage,
  'unknown-step': EXIT.usage,
  'unknown-variable': EXIT.usage,
  usage: EXIT.usage,
  'step-timed-out': EXIT.timedOut,
  'run-timed-out': EXIT.timedOut,
  'archive-locked': EXIT.held,
  'job-held': EXIT.held,
  'store-unusable': EXIT.store,
  'store-newer': EXIT.store,
  cancelled: EXIT.interrupted,
};

/** Where the code alone decides. */
export function fixedExitCode(code: string): number | undefined {
  return Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined;
}

/** The exit code for an error that ended a command or a step. */
export function exitCodeOf(error: Pick<ErrorReport, 'code' | 'retry'>): number {
  return BY_CODE[error.code] ?? (error.retry === 'never' ? EXIT.failed : EXIT.temporary);
}

/** The exit code of a run: that of its first failed step. `signal` names what interrupted a cancelled run. */
export function exitCodeOfRun(status: RunStatus, error: ErrorReport | undefined, signal?: EndSignal): number {
  switch (status) {
    case 'succeeded':
      return EXIT.success;
    case 'timed-out':
      return EXIT.timedOut;
    case 'skipped':
      return EXIT.held;
    case 'cancelled':
      return signal === 'SIGTERM' || signal === 'SIGHUP' ? EXIT.terminated : EXIT.interrupted;
    case 'failed':
      return error === undefined ? EXIT.failed : exitCodeOf(error);
  }
}
