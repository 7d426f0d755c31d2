// OAuth2 against dovecot, which asks a real authorization server about every token (oauth2 passdb with introspection, RFC 7662).
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  browse,
  PUBLIC_CLIENT,
  type RunningAuthorizationServer,
  startAuthorizationServer,
} from '../support/authorization-server.ts';
import { type CliResult, cli, startCli } from '../support/cli.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';
import { describeReal } from './require.ts';
import { type DovecotServer, startDovecot } from './servers/dovecot.ts';

const ENV = { POSTRIDER_VAULT_KEY_FILE: 'vault.key', POSTRIDER_SECRET_CUSTOM_CLIENT_ID: PUBLIC_CLIENT };

let dir: TempDir;
let id: RunningAuthorizationServer;
let server: DovecotServer | undefined;
beforeEach(async () => {
  dir = await tempDir();
  id = await startAuthorizationServer();
});
afterEach(async () => {
  await server?.stop();
  await id.close();
  await dir.remove();
});

async function dovecot(mechanisms: string): Promise<DovecotServer> {
  const config = join(dir.path, 'oauth2.conf');
  writeFileSync(
    config,
    [
      'introspection_mode = post',
      `introspection_url = ${id.introspectionUrl}`,
      'username_attribute = sub',
      'active_attribute = active',
      'active_value = true',
      '',
    ].join('\n'),
  );
  chmodSync(config, 0o644);
  chmodSync(dir.path, 0o755);
  return startDovecot({
    extra: [
      `auth_mechanisms = ${mechanisms}`,
      // No penalty for who was refused before.
      'service anvil {',
      '  unix_listener anvil-auth-penalty {',
      '    mode = 0',
      '  }',
      '}',
      'passdb {',
      '  driver = oauth2',
      '  mechanisms = xoauth2 oauthbearer',
      `  args = ${config}`,
      '}',
    ],
  });
}

const run = (...args: string[]): Promise<CliResult> => cli(args, { cwd: dir.path, env: ENV });

describeReal('dovecot with oauth2', ['dovecot'], () => {
  it.each([
    ['OAUTHBEARER', 'oauthbearer xoauth2'],
    ['XOAUTH2', 'xoauth2'],
  ])('%s: signed in, fetched, renewed when the token has ended, refused when it was taken back', async (mechanism, mechanisms) => {
    server = await dovecot(mechanisms);
    server.deliver(Buffer.from('Subject: one\n\nhello\n'));
    writeFileSync(
      join(dir.path, 'job.yaml'),
      `name: job
retry: { attempts: 1 }
connections:
  inbox: { type: pop3, host: localhost, port: ${server.implicitPort}, ca: ${server.caFile}, user: ${server.user}, oauth2: robot }
steps:
  - id: mail
    uses: pop3/archive
    with: { connection: inbox, archive: ./archive }
`,
    );
    writeFileSync(
      join(dir.path, 'connections.yaml'),
      `inbox: { type: pop3, host: localhost, port: ${server.implicitPort}, ca: ${server.caFile}, user: ${server.user}, oauth2: robot }\n`,
    );
    const args = ['login', 'robot', '--provider', 'custom', '--scope', 'mail', '--issuer', id.issuer, '--method', 'browser'];
    const login = startCli(args, { cwd: dir.path, env: ENV });
    const [url = ''] = /http:\S+/.exec(await login.output(/http:\S+\n/)) ?? [];
    await browse(url, { login: server.user, password: 'x' });
    expect((await login.done).code).toBe(0);

    const first = await run('run', 'job.yaml');
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toContain('archived 1');
    await id.endAccessTokens();
    const transcript = await run('pop3', 'stat', '@inbox', '--jobs', '.', '--transcript');
    expect(transcript.code, transcript.stderr).toBe(0);
    expect(transcript.stderr).toContain(`AUTH ${mechanism} ****`);
    expect(id.granted.get('refresh_token')).toBe(1);
    await id.endAccessTokens();
    await id.revokeAll();
    const refused = await run('run', 'job.yaml');
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('postrider login robot')]);
  });
});
