import { expect, it } from 'vitest';
import { isLoopback } from '../../../src/protocols/net/endpoint.ts';

it.each([
  ['localhost', true],
  ['::1', true],
  ['127.0.0.1', true],
  ['127.8.0.1', true],
  ['evil.localhost', false],
  ['127.0.0.1.example.org', false],
  ['1127.0.0.1', false],
])('%s is this machine itself: %s', (host, itself) => expect(isLoopback(host)).toBe(itself));
