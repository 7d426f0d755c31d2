// Where things are on this machine: jobs folder, state folder, environment. Read once, at the start of a command.
import { homedir, hostname, userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

export interface Workspace {
  /** Absolute. */
  readonly jobsDir: string;
  /** Absolute; made on first use, mode 0700. */
  readonly stateDir: string;
  readonly cwd: string;
  readonly host: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface WorkspaceFlags {
  readonly jobs?: string | undefined;
  readonly state?: string | undefined;
}

/** Flags win over POSTRIDER_JOBS and POSTRIDER_STATE, those over `./jobs` and `$XDG_STATE_HOME/postrider`. */
export function workspace(flags: WorkspaceFlags, env = environment(), cwd = process.cwd()): Workspace {
  return {
    jobsDir: resolve(cwd, flags.jobs ?? filled(env['POSTRIDER_JOBS']) ?? 'jobs'),
    stateDir: resolve(cwd, flags.state ?? filled(env['POSTRIDER_STATE']) ?? userStateDir(env)),
    cwd,
    host: hostname(),
    env,
  };
}

function environment(): Workspace['env'] {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Of this user, whatever state folder was chosen. */
export function userStateDir(env: Workspace['env']): string {
  return join(xdgFolder(env, 'XDG_STATE_HOME', '.local/state'), 'postrider');
}

/** `usual` is below the home folder. The XDG base directory specification ignores relative paths. */
export function xdgFolder(env: Workspace['env'], variable: string, usual: string): string {
  const chosen = env[variable] ?? '';
  return isAbsolute(chosen) ? chosen : join(homeFolder(), usual);
}

/** As Debian writes it for accounts that have none. */
const NO_HOME = '/nonexistent';

/** The user database knows it where HOME is empty or relative: that would be wherever we are started. A user by number alone, as in a container, has none. */
export function homeFolder(): string {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : userInfo().homedir;
  } catch {
    return NO_HOME;
  }
}

function filled(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
