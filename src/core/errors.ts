// The errors of the run time: each carries a stable code, whether trying again can help, and what to do.

/** never: the same try fails again. later: the server is busy or out of something. reconnect: the session is dead, the work is not. */
export type RetryClass = 'never' | 'later' | 'reconnect';

export interface AppErrorOptions {
  readonly retry?: RetryClass;
  /** One sentence that says what the reader can do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** Anything that goes wrong while a job runs. `code` is kebab-case and stable; `postrider explain CODE` tells more. */
export class AppError extends Error {
  override readonly name: string = 'AppError';
  readonly code: string;
  readonly retry: RetryClass;
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retry = options.retry ?? 'never';
    this.hint = options.hint;
  }
}

export interface Refusal {
  /** The command that was refused, in its safe form (no secret). */
  readonly command: string;
  /** Three digits for FTP and SMTP; for POP3 the response code (`IN-USE`, `SYS/TEMP`, …) or an empty string. */
  readonly replyCode: string;
  readonly replyText: string;
}

/** The server said no, and the session lives on. */
export class RefusedError extends AppError {
  override readonly name = 'RefusedError';
  readonly refusal: Refusal;

  constructor(code: string, message: string, refusal: Refusal, options: AppErrorOptions = {}) {
    super(code, message, options);
    this.refusal = refusal;
  }
}

/** The session is dead: cut, timed out, TLS failed, or the peer broke the protocol. Nothing more may be read from it. */
export class BrokenSessionError extends AppError {
  override readonly name = 'BrokenSessionError';

  constructor(code: string, message: string, options: AppErrorOptions = {}) {
    super(code, message, { retry: 'reconnect', ...options });
  }
}

/** We called our own code wrongly: a bug of postrider. */
export class MisuseError extends AppError {
  override readonly name = 'MisuseError';

  constructor(message: string, options: AppErrorOptions = {}) {
    super('misuse', message, { hint: 'This is a bug in postrider; please report it.', ...options });
  }
}

/** Somebody cancelled the work (Ctrl-C, `postrider cancel`, a failed sibling). */
export class CancelledError extends AppError {
  override readonly name = 'CancelledError';

  constructor(message = 'cancelled', options: AppErrorOptions = {}) {
    super('cancelled', message, options);
  }
}

/** What a program reads about an error: CONTRACT section 3, with the hint as an addition. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly retry: RetryClass;
  readonly hint?: string;
}

/** Turns anything thrown into an ErrorReport. Unknown throwables become `unexpected`. */
export function reportOf(error: unknown): ErrorReport {
  if (error instanceof AppError) {
    const { code, message, retry, hint } = error;
    return hint === undefined ? { code, message, retry } : { code, message, retry, hint };
  }
  return { code: 'unexpected', message: error instanceof Error ? error.message : String(error), retry: 'never' };
}

const DISK_HINTS: Readonly<Record<string, readonly [code: string, text: string, hint: string]>> = {
  ENOSPC: ['disk-full', 'the disk is full', 'Free some space and run again; nothing was lost.'],
  EDQUOT: ['disk-full', 'the disk quota is used up', 'Free some space or raise the quota and run again; nothing was lost.'],
  EACCES: ['file-denied', 'permission denied', 'Check the owner and mode of that path, or of the folder that it would be in.'],
  EPERM: [
    'file-denied',
    'operation not permitted',
    'Check the owner and mode of that path, or of the folder that it would be in.',
  ],
  EROFS: ['file-denied', 'the file system is read-only', 'Remount it writable or choose another folder.'],
  ENOENT: ['file-missing', 'no such file or folder', 'Check the path for a typing mistake.'],
  ENOTDIR: ['file-missing', 'a part of the path is not a folder', 'Check the path.'],
  EEXIST: ['file-in-the-way', 'a file stands where a folder is wanted', 'Move it away or choose another path.'],
  ELOOP: ['file-missing', 'a symbolic link that leads back to itself', 'Check the link.'],
  ENAMETOOLONG: ['name-too-long', 'the name is longer than the file system allows', 'Choose a shorter one.'],
  EISDIR: ['file-missing', 'is a folder, not a file', 'Check the path.'],
  EMFILE: ['too-many-files', 'too many open files', 'Raise the limit (ulimit -n) or lower `parallel`.'],
  EIO: ['disk-error', 'the disk reported an input/output error', 'Check the disk before you run again.'],
};

/** A file system error in our words; `path` names the place. Errors that are already ours pass through. */
export function fileError(error: unknown, path: string): AppError {
  if (error instanceof AppError) return error;
  const errno = (error as NodeJS.ErrnoException).code ?? '';
  const known = DISK_HINTS[errno];
  if (known === undefined) return new AppError('file-error', `${path}: ${(error as Error).message}`, { cause: error });
  const [code, text, hint] = known;
  return new AppError(code, `${path}: ${text}`, { hint, cause: error });
}
