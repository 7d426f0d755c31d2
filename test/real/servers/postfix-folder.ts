// The folder of a postfix of ours: what every main.cf and master.cf here says. Nothing is looked up, and nothing leaves this machine.
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from '../../support/sync-child.ts';

export interface PostfixFolder {
  /** Exists, and whoever postfix runs its services as may enter it. */
  readonly folder: string;
  /** For main.cf, over those that every one has. */
  readonly settings: Readonly<Record<string, string>>;
  /** The lines of master.cf for the services that listen. */
  readonly listeners: readonly string[];
}

/** Writes it; returns the folder for `-c` and MAIL_CONFIG. */
export function writePostfixFolder({ folder, settings, listeners }: PostfixFolder): string {
  const config = join(folder, 'etc');
  for (const name of ['etc', 'queue', 'data']) mkdirSync(join(folder, name));
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postfix'], { encoding: 'utf8' }));
  chownSync(join(folder, 'data'), id('-u'), id('-g'));
  const lines = Object.entries({ ...base(folder), ...settings }).map(([key, value]) => `${key} = ${value}`);
  writeFileSync(join(config, 'main.cf'), `${lines.join('\n')}\n`);
  writeFileSync(join(config, 'master.cf'), `${[...listeners, ...SERVICES].join('\n')}\n`);
  return config;
}

export function postfixLog(folder: string): string {
  return join(folder, 'postfix.log');
}

function base(folder: string): Record<string, string> {
  return {
    compatibility_level: '3.6',
    queue_directory: join(folder, 'queue'),
    data_directory: join(folder, 'data'),
    command_directory: '/usr/sbin',
    daemon_directory: '/usr/lib/postfix/sbin',
    mail_owner: 'postfix',
    setgid_group: 'postdrop',
    maillog_file: postfixLog(folder),
    maillog_file_prefixes: folder,
    inet_protocols: 'ipv4',
    myhostname: 'mail.example.test',
    mydestination: '',
    alias_maps: '',
    alias_database: '',
    local_recipient_maps: '',
    biff: 'no',
    smtpd_peername_lookup: 'no',
    disable_dns_lookups: 'yes',
    in_flow_delay: '0',
  };
}

/** master.cf(5): nothing is chrooted, because a temporary queue has none of the files a chroot needs. */
const SERVICES: readonly string[] = [
  'pickup unix n - n 60 1 pickup',
  'cleanup unix n - n - 0 cleanup',
  'qmgr unix n - n 300 1 qmgr',
  'tlsmgr unix - - n 1000? 1 tlsmgr',
  'rewrite unix - - n - - trivial-rewrite',
  'bounce unix - - n - 0 bounce',
  'defer unix - - n - 0 bounce',
  'trace unix - - n - 0 bounce',
  'verify unix - - n - 1 verify',
  'flush unix n - n 1000? 0 flush',
  'proxymap unix - - n - - proxymap',
  'error unix - - n - - error',
  'retry unix - - n - - error',
  'discard unix - - n - - discard',
  'virtual unix - n n - - virtual',
  'anvil unix - - n - 1 anvil',
  'scache unix - - n - 1 scache',
  'showq unix n - n - - showq',
  'postlog unix-dgram n - n - 1 postlogd',
];
