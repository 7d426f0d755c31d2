import { describe, expect, it } from 'vitest';
import { looksLikeTarget, parseTarget, pathOnSameServer } from '../../../src/app/oneoff/target-text.ts';
import { AppError } from '../../../src/core/errors.ts';

function settings(url: string) {
  const parsed = parseTarget(url);
  if (parsed.kind !== 'url') throw new Error(`${url} is no URL`);
  return parsed.settings;
}

function problem(text: string, type?: 'smtp'): AppError {
  try {
    parseTarget(text, type);
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error(`${text} was taken`);
}

describe('a URL', () => {
  it.each([
    ['ftp://h/', { type: 'ftp', tls: 'explicit', host: 'h' }],
    ['ftps://u@h', { type: 'ftp', tls: 'implicit', host: 'h', user: 'u' }],
    ['pop3://u@h', { type: 'pop3', tls: 'explicit', host: 'h', user: 'u' }],
    ['pop3s://u@h:1995', { type: 'pop3', tls: 'implicit', host: 'h', user: 'u', port: 1995 }],
    ['smtp://h', { type: 'smtp', tls: 'explicit', host: 'h' }],
    ['SMTPS://h', { type: 'smtp', tls: 'implicit', host: 'h' }],
    ['ftp://me@site.org@ftp.host.org/', { type: 'ftp', tls: 'explicit', host: 'ftp.host.org', user: 'me@site.org' }],
    ['ftp://me%40x@[::1]:2121/', { type: 'ftp', tls: 'explicit', host: '::1', user: 'me@x', port: 2121 }],
    ['pop3s://me@x.org@h?oauth2=robot', { type: 'pop3', tls: 'implicit', host: 'h', user: 'me@x.org', oauth2: 'robot' }],
    ['ftp://h/?tls-max=1.2', { type: 'ftp', tls: 'explicit', host: 'h', 'tls-max': '1.2' }],
    [
      'ftp://h/?tls=none&ca=%2Ftmp%2Fca.pem&passive=false&max-connections=3',
      { type: 'ftp', tls: 'none', host: 'h', ca: '/tmp/ca.pem', passive: false, 'max-connections': 3 },
    ],
  ])('%s', (url, expected) => {
    expect(settings(url)).toEqual(expected);
  });

  it.each([
    ['ftp://h', ''],
    ['ftp://h/', ''],
    ['ftp://h/www/a%20b', 'www/a b'],
    ['ftp://h//www', '/www'],
    ['ftp://h/%2Fwww', '/www'],
    ['ftp://h/www/*.ht[ml]#1', 'www/*.ht[ml]#1'],
    ['ftp://h/a%3Fb?tls=none', 'a?b'],
    ['@web', ''],
    ['@web/www', 'www'],
    ['@web//www', '/www'],
    ['@web:/www', '/www'],
    ['@web:a@b:c', 'a@b:c'],
  ])('the path of %s is "%s"', (text, path) => {
    expect(parseTarget(text).path).toBe(path);
  });

  it.each([
    ['ftp://u:hunter2@h/x', /password in the URL is refused/],
    ['ftp://u:hunter2@site.org@h/x', /password in the URL is refused/],
    ['ftp://:hunter2@h', /password in the URL is refused/],
    ['ftp://u:hunt/er2@h/x', /host is missing or cannot be read/],
    ['ftp://h/?password=hunter2', /password in the URL is refused/],
    ['u:hunter2@h', /names no server/],
  ])('%s is refused, and the password not repeated', (url, message) => {
    const { message: said, hint = '', code } = problem(url);
    expect(code).toBe('usage');
    expect(said).toMatch(message);
    expect(said + hint).not.toMatch(/hunter2|er2@/);
  });

  it.each([
    ['fpt://h', /no protocol that postrider speaks/, /Did you mean ftp:\/\//],
    ['http://h', /no protocol/, /Known are/],
    ['sftp://h', /no protocol/, /^SFTP goes over SSH/],
    ['IMAPS://h', /no protocol/, /^IMAP is not spoken/],
    ['ftp:///www', /host is missing/, /ftp:\/\/user@/],
    ['ftp://h:abc/', /host is missing or cannot be read/, /ftp:\/\/user@/],
    ['ftp://h/100%', /starts no percent-encoding/, /%25/],
    ['ftp://h/?tsl=none', /unknown setting "tsl"/, /Did you mean tls\?/],
    ['ftp.example.org', /names no server/, /Write a URL like ftp:\/\/ftp\.example\.org, or @name/],
    ['me@h/www', /names no server/, /Write a URL like ftp:\/\/me@h\/www, or @name/],
    ['me:hunter2@h', /names no server/, /Write a URL like ftp:\/\/user@ftp\.example\.org/],
    ['', /names no server/, /Write a URL/],
    ['web', /names no server/, /Did you mean @web, /],
    ['web/www', /names no server/, /Did you mean @web\/www, /],
  ])('%s is explained', (url, message, hint) => {
    const error = problem(url);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });

  it('examples are of the protocol that is wanted', () => {
    expect(problem('outbox', 'smtp').hint).toContain('smtp://user@smtp.example.org');
    expect(problem('me@h', 'smtp').hint).toContain('smtp://me@h');
  });
});

it('tells servers from local files', () => {
  expect(['@web/x', 'ftp://h', 'fpt://h'].map(looksLikeTarget)).toEqual([true, true, true]);
  expect(['./@web', 'C:\\x', 'public', '-', '@'].map(looksLikeTarget)).toEqual([false, false, false, false, false]);
});

it('moves within one server only', () => {
  expect(pathOnSameServer('@web/a', 'b/c')).toBe('b/c');
  expect(pathOnSameServer('@web/a', '@web:/b')).toBe('/b');
  expect(pathOnSameServer('ftp://u@h/a', 'ftp://u@H/b?tls=none')).toBe('b');
  for (const [from, to] of [
    ['@web/a', '@inbox/b'],
    ['@web/a', 'ftp://u@h/b'],
    ['ftp://u@h/a', 'ftp://u@other/b'],
    ['ftp://u@h/a', 'ftp://v@h/b'],
  ] as const)
    expect(() => pathOnSameServer(from, to), to).toThrow(`${to} is not on the server of ${from}`);
});
