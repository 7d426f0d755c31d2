// What keeps a mirror with `delete` from emptying the wrong place; pure. A brake that acts is an error before anything was changed.
import { AppError } from '../../../core/errors.ts';
import type { MirrorConfig } from '../config.ts';
import type { Tree } from '../trees/tree.ts';
import type { MirrorPlan } from './compare.ts';

export interface Deletion {
  readonly plan: Pick<MirrorPlan, 'clears' | 'deletes'>;
  readonly source: Tree;
  readonly target: Tree;
  /** A remote folder whose listing looks cut off. */
  readonly suspect?: string | undefined;
}

/** Why these deletions must not happen, or undefined when they may. */
export function brakeOn(config: MirrorConfig, { plan, source, target, suspect }: Deletion): AppError | undefined {
  const removals = [...plan.clears, ...plan.deletes];
  if (removals.length === 0) return undefined;
  if (suspect !== undefined) {
    return new AppError(
      'listing-truncated',
      `the server's listing of ${suspect} looks cut off at 10 000 entries: nothing is deleted`,
      {
        hint: 'Pure-FTPd cuts listings silently: raise its LimitRecursion, or mirror without `delete`.',
      },
    );
  }
  if (source.files.size === 0 && !config['allow-empty']) {
    const place = config.direction === 'upload' ? `the local folder ${config.local}` : `${config.remote} on the server`;
    return new AppError('source-empty', `${place} holds no files: the mirror would delete everything`, {
      hint: 'Check the path and the patterns; write `allow-empty: true` if this is meant.',
    });
  }
  return tooMany(config['max-delete'], removals.filter(removal => removal.kind === 'file').length, target.files.size);
}

function tooMany(limit: MirrorConfig['max-delete'], files: number, present: number): AppError | undefined {
  if (limit === undefined) return undefined;
  const most = typeof limit === 'number' ? limit : Math.floor((present * Number.parseInt(limit, 10)) / 100);
  if (files <= most) return undefined;
  return new AppError('too-many-deletes', `${files} of ${present} files would be deleted, but max-delete is ${limit}`, {
    hint: 'Look at `postrider plan`; raise max-delete if this is meant.',
  });
}

/** The target of a mirror with `delete` must not become `/` by accident: an empty variable, `..`, a login folder that is the root. */
export function rootBrake(config: MirrorConfig, resolved: string): AppError | undefined {
  const [key, written, place] =
    config.direction === 'upload'
      ? ['remote', config.remote, 'the server’s root folder']
      : ['local', config.local, 'the root folder of this machine'];
  if (!config.delete || resolved !== '/' || written === '/') return undefined;
  return new AppError('delete-at-root', `${key}: ${written} is ${place}, and delete is on`, {
    hint: `Write \`${key}: /\` if all of it is meant.`,
  });
}
