// Forty mistakes that people make, what they are told, and the exit code: each message names the cause and one thing to do.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cli } from '../support/cli.ts';
import { type Rehearsal, rehearsal } from '../support/rehearsal.ts';

let r: Rehearsal;
beforeAll(async () => {
  r = await rehearsal({
    faults: ['ftp:MKD=reply:550 Permission denied', 'ftp:STOR=reply:552 quota exceeded', 'ftp:STOR#2=reply:552 quota exceeded'],
  });
  mkdirSync(join(r.dir, 'empty'));
});
afterAll(() => r.close());

const STEP = 'steps:\n  - id: a\n    run: "true"\n';
const MIRROR = (more: string) =>
  `connections:\n  web: { type: ftp, host: localhost, user: me, password: "\${{ secrets.web }}" }\nsteps:\n  - id: a\n    uses: ftp/mirror\n    with: { connection: web, direction: upload, local: ., remote: /w${more} }\n`;

interface Mistake {
  readonly args: readonly string[];
  readonly code: number;
  /** In what is printed: the cause, and what to do. */
  readonly says: readonly (string | RegExp)[];
  /** Text of job.yaml. */
  readonly job?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const validate = (job: string, ...says: Mistake['says']): Mistake => ({ args: ['validate', 'job.yaml'], code: 3, says, job });
const command = (line: string, code: number, ...says: Mistake['says']): Mistake => ({ args: line.split(' '), code, says });

const MISTAKES: Readonly<Record<string, Mistake>> = {
  'a command mistyped': command('vaildate job.yaml', 2, 'no command `vaildate`', 'Did you mean `postrider validate`'),
  'a flag mistyped': command('run job.yaml --jsno', 2, '--jsno', 'Did you mean --json?'),
  'an argument forgotten': command('plan', 2, 'JOB is missing', '--help'),
  'a flag without its value': command('run job.yaml --only', 2, '--only needs a value', '--help'),
  'a job that is not there': command('run nightly', 2, 'nightly', /--jobs|Known|path/),
  'a folder without jobs': command('validate empty', 2, 'empty'),
  'a run that is not there': command('show 20200101-000000-abcdef', 2, '20200101-000000-abcdef', 'history'),
  'a mail to nobody': command(
    'smtp send smtp://me@localhost --from a@example.org --subject hi --text x',
    2,
    /^postrider: the mail has no recipient/m,
    'to, cc or bcc',
  ),
  'a wrong host': command('ftp ls ftp://me@no-such-host.invalid/', 1, 'no-such-host.invalid', 'Check'),
  'a wrong port': command('ftp ls ftp://me@127.0.0.1:1/', 5, '127.0.0.1:1', /port/),
  'a port of another service': command(
    'ftp ls ftp://me@localhost:SMTP/',
    1,
    'is an SMTP server, not an FTP server',
    '`type: smtp`',
  ),
  'TLS that begins too early': command(
    'ftp ls ftps://sandbox@localhost:FTP/?ca=CA',
    1,
    'does not start with TLS',
    'tls: explicit',
  ),
  'a certificate that nobody trusts': command('ftp ls ftp://sandbox@localhost:FTP/', 1, 'is not trusted', '`ca:`'),
  'a password that is wrong': {
    ...command('ftp ls ftp://sandbox@localhost:FTP/?ca=CA', 4, 'refused the sign-in', /password/),
    env: { POSTRIDER_PASSWORD: 'wrong' },
  },
  'a password in the URL': command(
    'ftp ls ftp://me:secret@localhost/',
    2,
    'a password in the URL is refused',
    'POSTRIDER_PASSWORD',
  ),
  'no password at all': {
    ...command('ftp ls ftp://me@localhost:FTP/?ca=CA', 4, 'there is no password for me', '--password-stdin'),
    env: { POSTRIDER_PASSWORD: '' },
  },
  'a URL without a scheme': command('ftp ls ftp.example.org/www', 2, 'ftp.example.org', 'ftp://'),
  'a URL of another protocol': command('ftp ls smtp://me@localhost/', 2, 'speaks SMTP', 'ftp://'),
  'SFTP instead of FTP': command('ftp ls sftp://me@localhost/', 2, 'sftp', 'ftp://'),
  'a connection mistyped': command('ftp ls @wbe --jobs .', 2, 'wbe', 'Did you mean @web?'),
  'a path that is not on the server': command('ftp ls @web/nowhere --jobs .', 1, 'nowhere', /ls|path|folder/i),
  'a local file that is not there': command('ftp put nothing.txt @web/ --jobs .', 1, 'nothing.txt', /path|file/i),
  'a quota that is used up': command('ftp put connections.yaml @web/ --jobs .', 1, 'quota exceeded', /space|operator/i),
  'a folder where one may not write': command(
    'ftp mkdir @web/private --jobs .',
    1,
    'Permission denied',
    'that the user may do this there',
  ),
  'a server of another kind': command(
    'pop3 stat pop3://me@localhost:FTP/',
    1,
    'is an FTP server, not a POP3 server',
    'type: ftp',
  ),
  'the word of another tool': validate(
    `connections:\n  web: { type: ftp, host: h, username: me }\n${STEP}`,
    'error unknown-key',
    'Did you mean `user`?',
  ),
  'a secret that is missing': {
    args: ['run', 'job.yaml'],
    code: 4,
    says: ['the secret web is nowhere to be found', 'postrider secret set web'],
    job: MIRROR(''),
  },
  'a sign-in that was never made': {
    args: ['run', 'job.yaml'],
    code: 4,
    says: ['nobody has signed in as robot', 'postrider login robot'],
    job: `connections:\n  out: { type: smtp, host: localhost, port: SMTPPORT, ca: CAFILE, user: me, oauth2: robot }\nsteps:\n  - id: a\n    uses: smtp/send\n    with: { connection: out, from: a@example.org, to: [b@example.org], subject: hi, text: hi }\n`,
  },
  'a mail server that is away': {
    args: ['run', 'job.yaml'],
    code: 5,
    says: ['nothing answers on that port', 'The mail waits in the outbox', 'postrider outbox flush'],
    job: `retry: { attempts: 1 }\nconnections:\n  out: { type: smtp, host: localhost, port: 1 }\nsteps:\n  - id: a\n    uses: smtp/send\n    with: { connection: out, from: a@example.org, to: [b@example.org], subject: hi, text: hi }\n`,
  },
  'a value that is given to a variable that is not there': {
    args: ['run', 'job.yaml', '--set', 'site=x'],
    code: 2,
    says: ['site', 'vars:'],
    job: STEP,
  },
  'a step that is not there': { args: ['run', 'job.yaml', '--only', 'deploy'], code: 2, says: ['deploy'], job: STEP },
  'a cron field out of range': validate(`schedule: { cron: "61 2 * * *" }\n${STEP}`, 'error bad-cron', '61', 'hint:'),
  'a cron expression with four fields': validate(`schedule: { cron: "30 2 * *" }\n${STEP}`, 'error bad-cron', 'hint:'),
  'a date that never comes': validate(`schedule: { cron: "0 0 31 2 *" }\n${STEP}`, 'error bad-cron', 'hint:'),
  'a time zone mistyped': validate(
    `schedule: { cron: "@daily", timezone: Europe/Zürich }\n${STEP}`,
    'error bad-timezone',
    'hint:',
  ),
  'wrong indentation': validate(
    'steps:\n  - id: a\n   run: "true"\n',
    'error yaml-syntax',
    'is indented less',
    '^^^',
    'Indent it',
  ),
  'a tab as indentation': validate('steps:\n\t- id: a\n', 'error yaml-syntax', 'hint:'),
  'a key mistyped': validate('steps:\n  - id: a\n    rnu: "true"\n', 'error unknown-key', 'Did you mean `run`?'),
  'a kind of step mistyped': validate(
    'steps:\n  - id: a\n    uses: ftp/miror\n',
    'error unknown-step-type',
    'Did you mean `ftp/mirror`?',
  ),
  'a setting mistyped': validate(MIRROR(', exlude: [x]'), 'error unknown-key', 'Did you mean `exclude`?'),
  'a direction that is none': validate(MIRROR('').replace('upload', 'up'), '"up"', /upload/),
  'a step that needs one that is not there': validate(
    'steps:\n  - id: a\n    run: "true"\n    needs: [b]\n',
    'error unknown-step',
    'b',
    'Steps of this job: a',
  ),
  'steps that wait for each other': validate(
    'steps:\n  - { id: a, run: "true", needs: [b] }\n  - { id: b, run: "true", needs: [a] }\n',
    'error needs-cycle',
    'hint:',
  ),
  'double quotes in an expression': validate(
    'steps:\n  - id: a\n    run: "true"\n    if: job.name == "x"\n',
    'error expression',
    /single quotes/,
  ),
  'verification to be switched off': validate(
    `connections:\n  web: { type: ftp, host: h, verify: false }\n${STEP}`,
    'error unknown-key',
    '`verify`',
    'always verified',
    '`ca`',
  ),
  'a duration without a unit': validate(`timeout: 30\n${STEP}`, 'timeout', /30s|500ms/),
  'a list where a text belongs': validate('steps:\n  - id: [a]\n    run: "true"\n', 'error wrong-type', '`id`', 'hint:'),
  'an OAuth provider without its client': command(
    'login robot --provider google',
    4,
    'client id',
    'postrider secret set google-client-id',
  ),
  'an error code mistyped': command('explain tls-untrustd', 2, 'Did you mean tls-untrusted?'),
};

it('are forty or more', () => {
  expect(Object.keys(MISTAKES).length).toBeGreaterThanOrEqual(40);
});

it.each(Object.entries(MISTAKES))('%s', async (_what, { args, code, says, job, env }) => {
  const { endpoints, caFile } = r.sandbox;
  writeFileSync(
    join(r.dir, 'job.yaml'),
    (job ?? STEP).replace('SMTPPORT', String(endpoints.smtp.port)).replace('CAFILE', caFile),
  );
  const filled = args.map(arg =>
    arg
      .replace(/:FTP\b/, `:${endpoints.ftp.port}`)
      .replace(/:SMTP\b/, `:${endpoints.smtp.port}`)
      .replace('=CA', `=${caFile}`),
  );
  const result = await cli(filled, {
    cwd: r.dir,
    env: { POSTRIDER_PASSWORD: 'x', POSTRIDER_SECRET_SANDBOX: r.sandbox.password, ...env },
  });
  const text = result.stdout + result.stderr;
  expect(text).not.toMatch(/\bat .*\.(js|ts):\d+|TypeError|undefined|\[object/);
  for (const words of says)
    expect(text).toMatch(typeof words === 'string' ? new RegExp(words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : words);
  expect(result.code, text).toBe(code);
});
