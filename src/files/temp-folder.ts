// A new folder among the temporary files.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError, fileError } from '../core/errors.ts';

/** Open to its owner alone (0700). `parent` by default is that of the system. Throws AppError. */
export async function makeTempFolder(prefix: string, parent = tmpdir()): Promise<string> {
  try {
    return await mkdtemp(join(parent, prefix));
  } catch (error) {
    const { code, message, hint } = fileError(error, parent);
    const unusable = code === 'file-missing' || code === 'file-denied';
    const advice = unusable ? 'It is the folder of temporary files: make it writable, or set TMPDIR to another.' : hint;
    throw new AppError(code, message, { cause: error, ...(advice === undefined ? {} : { hint: advice }) });
  }
}
