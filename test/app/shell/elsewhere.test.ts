// Lines that are neither remembered nor repeated, for they may hold a password.
import { expect, it } from 'vitest';
import { mayHoldPassword } from '../../../src/app/shell/elsewhere.ts';

it.each([
  ['user deploy hunter2', true],
  ['open -u deploy,hunter2 ftp.example.org', true],
  ['lftp -u deploy,hunter2 ftp.example.org', true],
  ['open ftp://deploy:hunter2@ftp.example.org', true],
  ['quote PASS hunter2', true],
  ['pass hunter2', true],
  ['site pswd old new', true],
  ['put users.html', false],
  ['get passengers.txt', false],
  ['passive off', false],
  ['ls -l', false],
])('%s', (line, may) => expect(mayHoldPassword(line)).toBe(may));
