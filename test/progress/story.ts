// One run told event by event: two steps side by side, a retry, a failure, a skip and a handler.
import type { RunEvent, RunEventBody } from '../../src/run/events.ts';

/** 2026-11-22 02:30:00 UTC. */
export const T0 = Date.UTC(2026, 10, 22, 2, 30);

export function at(ms: number, body: RunEventBody): RunEvent {
  return { seq: ms + 1, at: T0 + ms, run: 'run-1', ...body };
}

export const FINISHED = { tolerated: false, attempts: 1, durationMs: 2_000, outputs: {} } as const;

export const STARTED = at(0, {
  type: 'run-started',
  job: 'nightly',
  steps: [
    { id: 'deploy', uses: 'ftp/mirror', description: 'upload ./public to /www over web', needs: [] },
    { id: 'mail', uses: 'pop3/archive', description: 'archive the mailbox inbox into ./archive', needs: [] },
    { id: 'report', uses: 'smtp/report', description: 'mail a report to ops@example.org', needs: ['deploy', 'mail'] },
  ],
});

export const BEGINNING: readonly RunEvent[] = [
  STARTED,
  at(1, { type: 'step-started', step: 'deploy', uses: 'ftp/mirror', attempt: 1 }),
  at(2, { type: 'step-started', step: 'mail', uses: 'pop3/archive', attempt: 1 }),
];

/** At 2 s: half the files, and the mailbox waits for its second attempt until 6 s. */
export const MIDDLE: readonly RunEvent[] = [
  progress(0, 0),
  progress(1_000, 5),
  progress(2_000, 10),
  at(2_000, {
    type: 'step-retrying',
    step: 'mail',
    attempt: 1,
    delayMs: 4_000,
    error: { code: 'mailbox-busy', message: 'the mailbox is open elsewhere', retry: 'later' },
  }),
];

export const END: readonly RunEvent[] = [
  at(4_000, {
    type: 'step-finished',
    step: 'deploy',
    ...FINISHED,
    status: 'succeeded',
    outputs: { uploaded: 20, deleted: 0, bytes: 6_000_000 },
  }),
  at(6_000, { type: 'step-started', step: 'mail', uses: 'pop3/archive', attempt: 2 }),
  at(6_500, { type: 'step-note', step: 'mail', level: 'error', message: 'the server answered PASS **** with: [AUTH] go away' }),
  at(7_000, {
    type: 'step-finished',
    step: 'mail',
    ...FINISHED,
    status: 'failed',
    attempts: 2,
    durationMs: 7_000,
    error: {
      code: 'sign-in-refused',
      message: 'pop.example.org does not accept the password of invoices',
      hint: 'Check user and password.',
      retry: 'never',
    },
  }),
  at(7_000, { type: 'step-finished', step: 'report', ...FINISHED, status: 'skipped', attempts: 0, durationMs: 0 }),
  at(7_100, { type: 'step-started', step: 'alarm', uses: 'shell', attempt: 1 }),
  at(7_200, { type: 'step-finished', step: 'alarm', ...FINISHED, status: 'succeeded', durationMs: 100 }),
  at(7_300, {
    type: 'run-finished',
    status: 'failed',
    steps: { deploy: 'succeeded', mail: 'failed', report: 'skipped', alarm: 'succeeded' },
    durationMs: 7_300,
    error: { code: 'sign-in-refused', message: 'x', retry: 'never' },
  }),
];

function progress(ms: number, done: number): RunEvent {
  const bytes = done * 300_000;
  const item = `css/a/rather/long/path/to/file-${done}.css`;
  return at(ms, { type: 'step-progress', step: 'deploy', done, total: 20, unit: 'files', bytes, totalBytes: 6_000_000, item });
}
