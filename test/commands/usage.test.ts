// What a mistyped command line gets: what is wrong, what was meant, exit code 2.

import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { cli as cliIn } from '../support/cli.ts';

const cli = (argv: readonly string[]) => cliIn(argv, { cwd: tmpdir() });

describe('a mistyped command line', () => {
  it.each([
    [['histroy'], 'there is no command `histroy`', 'Did you mean `postrider history`?'],
    [['ftp', 'lst'], 'there is no command `ftp lst`', 'Did you mean `postrider ftp ls`?'],
    [['ftp', 'lst', '@web/www'], 'there is no command `ftp lst`', 'Did you mean `postrider ftp ls`?'],
    [['archiv', 'verify', './a'], 'there is no command `archiv`', 'Did you mean `postrider archive verify`?'],
    [['xyzzy'], 'there is no command `xyzzy`', '`postrider --help` lists all commands.'],
    [['help', 'exit-code'], 'there is no command `exit-code`', 'Did you mean `postrider help exit-codes`?'],
    [['history', '--jsn'], '`history` has no flag --jsn', 'Did you mean --json?'],
    [['history', '--jsn=1'], '`history` has no flag --jsn\n', 'Did you mean --json?'],
    [['run', '-Z', 'x'], '`run` has no flag -Z', '`postrider run --help`'],
    [['run'], 'JOB is missing', '`postrider run --help`'],
    [['smtp', 'send', 'x', '--text', 'x'], '--from and --subject are missing', '`postrider smtp send --help`'],
    [['smtp', 'send', 'x', '--from', 'a@b.c', '--text', 'x'], '--subject is missing', '`postrider smtp send --help`'],
    [['ftp', 'mv', 'a'], 'TO is missing', '`postrider ftp mv --help`'],
    [['run', 'a', 'b'], '"b" is one word too many', '`postrider run --help`'],
    [['next', '--count', 'x'], '--count: Expected an integer but received: x', '`postrider next --help`'],
    [['history', '--status', 'bad'], 'one of: succeeded, failed', '`postrider history --help`'],
    [['run', 'x', '--only', 'a', '--from', 'b'], '--from=b cannot also be provided', '`postrider run --help`'],
    [['demo', 'x'], '"x" is one word too many', '`postrider demo --help`'],
    [['archive', 'verify', './archive'], '"./archive" is one word too many', '`postrider archive verify --help`'],
    [['--quiet', 'run', 'x'], 'there is no flag --quiet before a command', 'Write the command first'],
    [['completion'], 'SHELL is missing', '`postrider completion --help`'],
    [['completion', 'tcsh'], 'one of: bash, zsh, fish, powershell', '`postrider completion --help`'],
    [['pop3', 'top', '@x', 'y'], 'Expected an integer but received: y', '`postrider pop3 top --help`'],
    [['schedule', '--drain', '5'], '--drain: 5 is no duration: write 500ms', '`postrider schedule --help`'],
    [['sandbox', '--fault', 'ftp:STOR=cat'], '--fault ftp:STOR=cat: "cat" is no action', 'Actions: cut'],
    [['secret', 'set', 'a b'], '"a b" is no name for a secret', 'Use letters, digits'],
    [['secret', 'delete', 'a/b'], '"a/b" is no name for a secret', 'Use letters, digits'],
    [['login', 'a b', '--provider', 'google'], '"a b" is no name for a sign-in', 'Use letters, digits'],
    [['history', '--json=1'], '--json takes no value', 'Write --json alone'],
    [['bad\u001b[31mname'], 'there is no command `bad\\x1b[31mname`', 'lists all commands'],
  ])('%j', async (argv, wrong, hint) => {
    const { code, stdout, stderr } = await cli(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^postrider: /);
    expect(stderr).toContain(wrong);
    expect(stderr).toContain(hint);
    expect(stderr).not.toContain('\u001b');
    expect(stderr).not.toContain('\\x0a');
  });
});

it('does not repeat what may be a password', async () => {
  const { code, stderr } = await cli(['secret', 'set', 'web', 'hunter2']);
  expect(code).toBe(2);
  expect(stderr).toContain('the value of a secret is never an argument');
  expect(stderr).not.toContain('hunter2');
});

it.each([
  [['ftp', 'ls', '--password=hunter2', '@web'], 'no flag --password'],
  [['ftp', 'ls', '-udeploy,hunter2', '@web'], 'no flag -u'],
  [['ftp', 'open', '-u', 'deploy,hunter2', 'host'], 'no command `ftp open`'],
])('does not repeat what other tools take a password by: %j', async (argv, wrong) => {
  const { code, stderr } = await cli(argv);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(wrong) });
  expect(stderr).not.toContain('hunter2');
});

it.each([
  ['mirror -R a b', '`postrider ftp mirror`'],
  ['lftp -e x', '`postrider ftp shell`'],
  ['ftp ftp.example.org', '`postrider ftp shell`'],
  ['ftp delete a', '`postrider ftp rm`'],
  ['fetchmail', '`postrider pop3 archive`'],
  ['mailq', '`postrider outbox list`'],
  ['crontab -l', '`postrider schedule`'],
  ['secret rm x', '`postrider secret delete`'],
  ['ftp mirror -R a b', 'a local folder first is uploaded'],
  ['ftp mirror --exclude-glob .git/ a b', '--exclude?'],
  ['ftp mirror --only-newer a b', '--compare'],
  ['ftp mirror -k a b', '?ca=FILE'],
  ['ftp ls --port 2121 x', 'ftp://user@host:2121/'],
  ['pop3 archive --nokeep a b', '--delete after-archive'],
  ['smtp send -t', 'the body alone comes from stdin'],
  ['smtp send -a work', '@NAME'],
  ['smtp send @x --from a@b.c --to a@b.c d@e.f', 'Write --to before each recipient.'],
  ['run x --dry-run', '`postrider plan JOB`'],
  ['run x --env a=b', '--set?'],
])('says to users of other tools what it is here: %s', async (line, hint) => {
  const { code, stderr } = await cli(line.split(' '));
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(hint) });
});

describe('help', () => {
  it('is what -h asks for, and -V for the version', async () => {
    expect((await cli(['-h'])).stdout).toBe((await cli(['--help'])).stdout);
    expect((await cli(['run', '-h'])).stdout).toBe((await cli(['run', '--help'])).stdout);
    expect((await cli(['-V'])).stdout).toMatch(/^postrider\/\d/);
  });

  it('of a command of two words is shown with a word too many, too', async () => {
    const { stdout } = await cli(['archive', 'verify', '--help']);
    expect((await cli(['help', 'archive', 'verify', './archive'])).stdout).toBe(stdout);
    expect((await cli(['archive', 'verify', './archive', '--help'])).stdout).toBe(stdout);
  });

  it.each([
    ['exit-codes', ' 10  state store unusable'],
    ['expressions', 'steps.ID.outputs.NAME'],
    ['connections', 'connections.yaml'],
    ['archive-format', 'manifest.jsonl'],
  ])('%s is a topic, named by `help` alone', async (topic, words) => {
    expect(await cli(['help', topic])).toMatchObject({ code: 0, stdout: expect.stringContaining(words) });
    expect((await cli(['help'])).stdout).toContain(`  ${topic} `);
  });

  it('explains commands and their topics', async () => {
    expect((await cli(['help', 'ftp'])).stdout).toContain('ftp mirror');
    expect((await cli(['help', 'ftp', 'ls'])).stdout).toContain('--recursive');
    expect((await cli(['ftp', 'ls', '--help'])).stdout).toContain('--recursive');
  });
});
