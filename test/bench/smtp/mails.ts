// What every contestant sends, and how it says what that took.

import { readFileSync } from 'node:fs';

export const FROM = 'robot@example.test';
export const TO = 'ops@example.test';

/** Sizes from 75 to 125 % of `bytes`, as mails have them, the same for everybody. */
export function messages(count: number, bytes: number): readonly Buffer[] {
  return Array.from({ length: count }, (_, index) => message(bytes * (0.75 + ((index * 0.618_034) % 1) / 2)));
}

/** A plain text mail of so many octets in lines of 76. */
export function message(bytes: number): Buffer {
  const head = `From: ${FROM}\r\nTo: ${TO}\r\nSubject: bench\r\nMessage-ID: <bench@example.test>\r\nDate: Sun, 22 Nov 2026 02:30:00 +0000\r\n\r\n`;
  const line = `${'0123456789abcdef'.repeat(5).slice(0, 74)}.\r\n`;
  const lines = Math.max(0, Math.floor((bytes - head.length) / line.length));
  const last = Math.max(0, Math.floor(bytes) - head.length - lines * line.length - 2);
  return Buffer.from(`${head}${line.repeat(lines)}${'x'.repeat(last)}\r\n`);
}

export function report(facts: {
  readonly seconds: number;
  readonly accepted: number;
  readonly technique?: string;
  readonly trips?: number;
}): void {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  process.stdout.write(`${JSON.stringify({ ...facts, cpu: (userCPUTime + systemCPUTime) / 1e6, peakMb: peakMb() })}\n`);
}

/** Of this program alone: maxRSS begins with what the process was before it was this program. */
function peakMb(): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1_024;
}
