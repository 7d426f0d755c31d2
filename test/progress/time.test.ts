import { describe, expect, it } from 'vitest';
import { localTime } from '../../src/progress/time.ts';

describe('localTime', () => {
  it.each([
    ['Europe/Zurich', '2026-11-22 03:30:05 +01:00'],
    ['America/New_York', '2026-11-21 21:30:05 -05:00'],
    ['Asia/Kathmandu', '2026-11-22 08:15:05 +05:45'],
    ['UTC', '2026-11-22 02:30:05 +00:00'],
  ])('names the zone: %s', (zone, text) => expect(localTime(Date.UTC(2026, 10, 22, 2, 30, 5), zone)).toBe(text));
});
