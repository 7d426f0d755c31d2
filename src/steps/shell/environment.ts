// The environment of a script: what programs need to work, and what the job hands over; nothing that postrider itself was told.
import type { StepContext } from '../step.ts';
import type { ShellConfig } from './config.ts';

const HANDED_ON = new Set(
  (
    'PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR TEMP TMP TERM NO_COLOR CI SSH_AUTH_SOCK ' +
    'HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS ' +
    'SYSTEMROOT COMSPEC PATHEXT USERPROFILE APPDATA LOCALAPPDATA PROGRAMDATA PROGRAMFILES'
  ).split(' '),
);
const HANDED_ON_PREFIXES = ['LC_', 'XDG_'];

export function scriptEnvironment(config: ShellConfig, context: StepContext, outputFile: string): Record<string, string> {
  const inherited = Object.entries(context.env ?? {}).filter((entry): entry is [string, string] => {
    const name = entry[0].toUpperCase();
    return entry[1] !== undefined && (HANDED_ON.has(name) || HANDED_ON_PREFIXES.some(prefix => name.startsWith(prefix)));
  });
  return {
    ...Object.fromEntries(inherited),
    POSTRIDER_JOB: context.job.name,
    POSTRIDER_RUN: context.run.id,
    POSTRIDER_OUTPUT: outputFile,
    ...config.env,
  };
}
