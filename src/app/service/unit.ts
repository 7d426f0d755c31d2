// The systemd unit of the scheduler as text: hardened as far as jobs that run commands and write archives allow. Pure.

export interface UnitFacts {
  /** system: the machine's manager, under an account of its own. user: that of whoever installs it. */
  readonly scope: 'system' | 'user';
  /** The program and its first arguments. */
  readonly command: readonly string[];
  readonly jobsDir: string;
  readonly stateDir: string;
  /** Folders that jobs write to, besides the state. */
  readonly writable: readonly string[];
  /** For system units. */
  readonly account?: string;
  readonly drainMs: number;
  readonly credentials: readonly Credential[];
  /** Settings of the program besides its flags; none of them secret. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface Credential {
  /** Of the secret. */
  readonly name: string;
  readonly path: string;
  /** Without its file the line is only a comment: systemd would refuse to start. */
  readonly there: boolean;
}

/** What remains after the drain: to cancel steps and to record them. */
const STOP_GRACE_S = 15;

export function unitText(facts: UnitFacts): string {
  const { scope, command, jobsDir, stateDir, drainMs, credentials, account } = facts;
  const drainS = Math.ceil(drainMs / 1_000);
  const start = [...command, 'schedule', '--jobs', jobsDir, '--state', stateDir, '--log', 'json', '--drain', `${drainS}s`];
  const lines = [
    '# Written by `postrider service install`; `postrider service uninstall` removes it.',
    '[Unit]',
    'Description=postrider scheduler',
    ...(scope === 'system' ? ['Wants=network-online.target', 'After=network-online.target'] : []),
    '',
    '[Service]',
    'Type=notify',
    '# systemd-notify speaks for the program.',
    'NotifyAccess=all',
    `ExecStart=${start.map(word => quoted(word.replaceAll('$', '$$$$'))).join(' ')}`,
    'ExecReload=/bin/kill -HUP $MAINPID',
    'Restart=on-failure',
    'RestartSec=5s',
    '# Wrong usage, a store that cannot be used: starting again would not help.',
    'RestartPreventExitStatus=2 3 10',
    'WatchdogSec=2min',
    '# Only the scheduler hears SIGTERM; it ends its steps itself.',
    'KillMode=mixed',
    `TimeoutStopSec=${drainS + STOP_GRACE_S}s`,
    'StandardOutput=journal',
    'StandardError=journal',
    'SyslogIdentifier=postrider',
    ...(account === undefined ? [] : [`User=${account}`]),
    ...Object.entries(facts.environment).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`),
    '',
    ...credentials.map(credentialLine),
    ...(credentials.length === 0 ? [] : ['']),
    ...hardening(facts),
    '',
    '[Install]',
    `WantedBy=${scope === 'system' ? 'multi-user.target' : 'default.target'}`,
  ];
  return `${lines.join('\n')}\n`;
}

function credentialLine({ name, path, there }: Credential): string {
  const line = `LoadCredential=${name}:${specifiers(path)}`;
  return there ? line : `# The file is not there yet: ${line}`;
}

/** No MemoryDenyWriteExecute: V8 compiles to memory. What needs mount namespaces is left out where a user's manager may not have them. */
function hardening({ scope, stateDir, writable }: UnitFacts): readonly string[] {
  const common = [
    'UMask=0077',
    'NoNewPrivileges=yes',
    'LockPersonality=yes',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'RestrictNamespaces=yes',
    'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
    'SystemCallArchitectures=native',
    'SystemCallFilter=@system-service',
    'SystemCallErrorNumber=EPERM',
    'LimitCORE=0',
  ];
  if (scope === 'user') return common;
  return [
    ...common,
    'CapabilityBoundingSet=',
    'AmbientCapabilities=',
    'PrivateTmp=yes',
    'PrivateDevices=yes',
    'ProtectSystem=strict',
    'ProtectHome=read-only',
    'ProtectClock=yes',
    'ProtectHostname=yes',
    'ProtectKernelTunables=yes',
    'ProtectKernelModules=yes',
    'ProtectKernelLogs=yes',
    'ProtectControlGroups=yes',
    'ProtectProc=invisible',
    'RemoveIPC=yes',
    ...places(stateDir, writable),
  ];
}

const SYSTEM_STATES = '/var/lib/';

/** A folder of the machine's states is made for the account; of the others, those that are not there yet are no reason not to start. */
function places(stateDir: string, writable: readonly string[]): readonly string[] {
  const own = stateDir.startsWith(SYSTEM_STATES) ? stateDir.slice(SYSTEM_STATES.length) : undefined;
  const others = own === undefined ? [stateDir, ...writable] : writable;
  return [
    ...(own === undefined ? [] : [`StateDirectory=${quoted(own)}`, 'StateDirectoryMode=0700']),
    ...(others.length === 0 ? [] : [`ReadWritePaths=${others.map(path => quoted(`-${path}`)).join(' ')}`]),
  ];
}

/** systemd.syntax(7), "Quoting": quotes keep a word together, and specifiers are not meant. Variables exist in command lines alone. */
function quoted(word: string): string {
  const text = specifiers(word);
  return /^[A-Za-z0-9_@%+=:,./$-]+$/.test(text) ? text : `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

function specifiers(text: string): string {
  return text.replaceAll('%', '%%');
}
