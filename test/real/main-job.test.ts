// The whole main path on real servers: one job mirrors a site, archives a mailbox and mails the report.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readMail } from '../../src/mail/read.ts';
import { type CliResult, cli } from '../support/cli.ts';
import { MAIN_JOB } from '../support/rehearsal.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';
import { sha256, treeOf } from '../support/tree.ts';
import { sampleMessages, withLf } from './mail-samples.ts';
import { describeReal } from './require.ts';
import {
  type DovecotServer,
  type PostfixServer,
  type RealServer,
  startDovecot,
  startPostfix,
  startProftpd,
  startPureFtpd,
  startVsftpd,
} from './servers.ts';

interface Case {
  readonly name: string;
  readonly tls: 'explicit' | 'none';
  start(): Promise<RealServer>;
}

const CASES: readonly Case[] = [
  {
    name: 'vsftpd, TLS 1.3, required session reuse',
    tls: 'explicit',
    start: () => startVsftpd({ tls: 'explicit', tlsVersion: '1.3' }),
  },
  {
    name: 'vsftpd, TLS 1.2, required session reuse',
    tls: 'explicit',
    start: () => startVsftpd({ tls: 'explicit', tlsVersion: '1.2' }),
  },
  {
    name: 'proftpd, TLS 1.3, its default of required session reuse',
    tls: 'explicit',
    start: () => startProftpd({ tls: 'explicit', tlsVersion: '1.3' }),
  },
  {
    name: 'proftpd, TLS 1.2, its default of required session reuse',
    tls: 'explicit',
    start: () => startProftpd({ tls: 'explicit', tlsVersion: '1.2' }),
  },
  { name: 'pure-ftpd, clear text', tls: 'none', start: () => startPureFtpd({ tls: 'none' }) },
];

const SITE: Readonly<Record<string, Buffer>> = {
  'index.html': Buffer.from('<h1>Grüezi</h1>\n'),
  'empty.txt': Buffer.alloc(0),
  'big.bin': Buffer.alloc(3_000_000, 'postrider\r\n'),
  'dir with blanks/ümläut – dash.txt': Buffer.from('x'),
  '.htaccess': Buffer.from('Options -Indexes\n'),
  ...Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [`pages/${i % 5}/page-${i}.html`, Buffer.from(`page ${i}\n`.repeat(i * 20))]),
  ),
};

describeReal.each(
  'the main job on $name, dovecot and postfix',
  CASES,
  ['vsftpd', 'proftpd', 'pure-ftpd', 'dovecot', 'postfix'],
  ({ tls, start }) => {
    const messages = sampleMessages();
    let dir: TempDir;
    let [ftp, pop3, smtp] = [] as unknown as [RealServer, DovecotServer, PostfixServer];
    let first: CliResult;

    const run = (...args: string[]) =>
      cli(['run', 'main.yaml', ...args], {
        cwd: dir.path,
        env: { POSTRIDER_SECRET_FTP: ftp.password, POSTRIDER_SECRET_POP3: pop3.password, POSTRIDER_SECRET_SMTP: smtp.password },
      });
    const outputsOf = (result: CliResult, step: string) =>
      result.stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line))
        .find(event => event.type === 'step-finished' && event.step === step)?.outputs;

    beforeAll(async () => {
      dir = await tempDir();
      [ftp, pop3, smtp] = await Promise.all([start(), startDovecot(), startPostfix()]);
      for (const message of messages) pop3.deliver(withLf(message));
      for (const [path, content] of Object.entries(SITE)) {
        mkdirSync(dirname(join(dir.path, 'site', path)), { recursive: true });
        writeFileSync(join(dir.path, 'site', path), content);
      }
      writeFileSync(
        join(dir.path, 'main.yaml'),
        MAIN_JOB.replace('ops@example.org', smtp.recipients[0] ?? '').replace(', delete: after-archive', ''),
      );
      writeFileSync(
        join(dir.path, 'connections.yaml'),
        [
          entry('web', 'ftp', ftp, ftp.port, tls, 'ftp'),
          entry('inbox', 'pop3', pop3, pop3.implicitPort, 'implicit', 'pop3'),
          entry('outbox', 'smtp', smtp, smtp.port, 'explicit', 'smtp'),
        ].join(''),
      );
      first = await run('--json');
    });
    afterAll(async () => {
      await Promise.all([ftp, pop3, smtp].map(server => server?.stop()));
      await dir.remove();
    });

    test('ends with 0', () => {
      expect(first.stderr).toBe('');
      expect(first.code, first.stdout.slice(-3_000)).toBe(0);
    });

    test('the tree on the server is byte-equal', () => {
      expect(treeOf(join(ftp.root, 'www'))).toEqual(treeOf(join(dir.path, 'site')));
    });

    test('the manifest lists the hash of every message', () => {
      const [account = ''] = readdirSync(join(dir.path, 'archive')).filter(name => name.includes('@'));
      const folder = join(dir.path, 'archive', account);
      const manifest = readdirSync(folder).filter(name => name.endsWith('.manifest.jsonl'));
      const lines = manifest.flatMap(name => readFileSync(join(folder, name), 'utf8').trim().split('\n'));
      expect(lines.map(line => JSON.parse(line).sha256).sort()).toEqual(messages.map(sha256).sort());
    });

    test('the report is in the Maildir, with both parts', async () => {
      const [report = Buffer.alloc(0)] = await smtp.delivered(1);
      const mail = await readMail(report);
      expect(mail.subject).toMatch(/^\[OK\] main @ /);
      expect(mail.text).toContain('deploy');
      expect(mail.html).toContain('deploy');
    });

    test('a second run sends no file and stores no message again', async () => {
      const second = await run('--json');
      expect(second.code, second.stdout.slice(-3_000)).toBe(0);
      expect(outputsOf(second, 'deploy')).toMatchObject({
        uploaded: 0,
        deleted: 0,
        failed: 0,
        unchanged: Object.keys(SITE).length,
      });
      expect(outputsOf(second, 'mail')).toMatchObject({ listed: messages.length, archived: 0, pending: 0 });
      await smtp.delivered(2);
    });
  },
);

function entry(name: string, type: string, server: RealServer, port: number, tls: string, secret: string): string {
  const lines = [
    `${name}:`,
    `  type: ${type}`,
    '  host: localhost',
    `  port: ${port}`,
    `  tls: ${tls}`,
    ...(tls === 'none' ? [] : [`  ca: ${JSON.stringify(server.caFile)}`]),
    `  user: ${server.user}`,
    `  password: "\${{ secrets.${secret} }}"`,
  ];
  return `${lines.join('\n')}\n`;
}
