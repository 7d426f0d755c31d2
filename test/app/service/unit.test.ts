import { describe, expect, it } from 'vitest';
import { type UnitFacts, unitText } from '../../../src/app/service/unit.ts';

const FACTS: UnitFacts = {
  scope: 'user',
  command: ['/usr/bin/node', '/opt/post rider/bin/postrider.js'],
  jobsDir: '/srv/100%/jobs',
  stateDir: '/home/me/.local/state/postrider',
  writable: ['/srv/site', '/srv/my archive'],
  drainMs: 30_000,
  environment: {},
  credentials: [
    { name: 'web', path: '/etc/postrider/secrets/web', there: true },
    { name: 'mail', path: '/etc/postrider/secrets/mail', there: false },
  ],
};

const lines = (facts: Partial<UnitFacts> = {}) => unitText({ ...FACTS, ...facts }).split('\n');

describe('the unit', () => {
  it('starts the scheduler, quoted as systemd reads it', () => {
    expect(lines()).toContain(
      'ExecStart=/usr/bin/node "/opt/post rider/bin/postrider.js" schedule --jobs /srv/100%%/jobs --state /home/me/.local/state/postrider --log json --drain 30s',
    );
    expect(lines({ jobsDir: '/a$b"c\\d' }).join('\n')).toContain('--jobs "/a$$b\\"c\\\\d"');
  });

  it('knows where the vault is', () => {
    expect(lines({ environment: { POSTRIDER_VAULT_KEY_FILE: '/home/me/my 100% key' } })).toContain(
      'Environment="POSTRIDER_VAULT_KEY_FILE=/home/me/my 100%% key"',
    );
  });

  it('leaves time for the drain, and signals the scheduler alone', () => {
    expect(lines({ drainMs: 120_000 })).toEqual(
      expect.arrayContaining(['TimeoutStopSec=135s', 'KillMode=mixed', 'Type=notify', 'NotifyAccess=all']),
    );
  });

  it('loads the secrets that are there, and names the others', () => {
    expect(lines().filter(line => line.includes('LoadCredential'))).toEqual(
      [
        '# The file is not there yet: LoadCredential=mail:/etc/postrider/secrets/mail',
        'LoadCredential=web:/etc/postrider/secrets/web',
      ].reverse(),
    );
  });

  it('lets a system unit write nowhere but where jobs do', () => {
    const system = lines({ scope: 'system', account: 'postrider' });
    expect(system).toEqual(expect.arrayContaining(['User=postrider', 'ProtectSystem=strict', 'WantedBy=multi-user.target']));
    expect(system).toContain('ReadWritePaths=-/home/me/.local/state/postrider -/srv/site "-/srv/my archive"');
    const own = lines({ scope: 'system', stateDir: '/var/lib/postrider', writable: ['/srv/$x'] });
    expect(own).toEqual(
      expect.arrayContaining(['StateDirectory=postrider', 'StateDirectoryMode=0700', 'ReadWritePaths=-/srv/$x']),
    );
    expect(lines()).toContain('WantedBy=default.target');
  });
});
