// Looks at either side of a mirror as its settings say. A side that cannot be read whole is an error; a target that is not there is none.
import { AppError } from '../../../core/errors.ts';
import { isMissingPath, type Workshop } from '../workshop.ts';
import { makeFilter } from './filter.ts';
import { type LocalTree, walkLocal } from './local-tree.ts';
import { unsafeLocalName, unsafeRemoteName, unsendableName } from './paths.ts';
import { type RemoteTree, type RemoteWalk, walkRemote } from './remote-tree.ts';

export async function lookLocal({ config, context, localRoot, signal }: Workshop): Promise<LocalTree | undefined> {
  const isSource = config.direction === 'upload';
  const found = await walkLocal({
    root: localRoot,
    filter: makeFilter(config.include, config.exclude),
    symlinks: isSource ? config.symlinks : 'stay',
    signal,
    clock: context.clock,
    warn: message => context.note('warning', message),
    ...(isSource ? { unsafeName: unsendableName } : {}),
  });
  if (found === undefined && isSource) {
    throw new AppError('file-missing', `${localRoot}: no such folder`, {
      hint: `Check \`local\`; relative paths start at ${context.workdir}.`,
    });
  }
  return found;
}

/** `found`: told of every file as soon as it was listed. */
export async function lookRemote(
  { config, context, remoteRoot, pool, batch }: Workshop,
  found?: RemoteWalk['found'],
): Promise<RemoteTree | undefined> {
  const isSource = config.direction === 'download';
  const walk = () =>
    walkRemote({
      root: remoteRoot,
      pool,
      batch,
      filter: makeFilter(config.include, config.exclude),
      symlinks: isSource ? config.symlinks : 'stay',
      exact: isSource || config.compare === 'time-size',
      warn: message => context.note('warning', message),
      unsafeName: isSource ? unsafeLocalName : unsafeRemoteName,
      ...(found === undefined ? {} : { found }),
    });
  try {
    return await walk();
  } catch (error) {
    if (isSource || !isMissingPath(error)) throw error;
  }
  // Is it the root that is missing? Servers that make the folders above a new one, too, have made it for our lock meanwhile.
  const exists = await pool.use(client =>
    client.list(remoteRoot).then(
      () => true,
      error => (isMissingPath(error) ? false : Promise.reject(error)),
    ),
  );
  return exists ? walk() : undefined;
}
