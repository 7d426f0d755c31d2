// A run in the log of its scheduler: beginning, end, and what somebody should know in between.
import { headline, printable } from '../../core/text.ts';
import { formatDuration } from '../../core/units.ts';
import type { RunEvent, RunListener } from '../../run/events.ts';
import type { Report, Say } from '../../schedule/report.ts';
import type { RunRecord } from '../../stores/store.ts';

export function runLog(record: RunRecord, say: Say): RunListener {
  return {
    name: 'log',
    on(event) {
      const report = reportOn(event, record);
      if (report !== undefined) say({ ...report, job: record.job, run: record.id, message: printable(report.message) });
    },
  };
}

function reportOn(event: RunEvent, { startedAt, slot }: RunRecord): Report | undefined {
  const { type: name } = event;
  switch (event.type) {
    case 'run-started': {
      const lateMs = slot === undefined ? 0 : Math.max(0, startedAt - slot);
      const message = lateMs > 1_000 ? `started, ${formatDuration(lateMs)} after its slot` : 'started';
      return { level: 'info', event: name, message, ...(slot === undefined ? {} : { slot }), facts: { 'late-ms': lateMs } };
    }
    case 'step-note':
      if (event.level === 'info') return undefined;
      return { level: event.level, event: name, message: `${event.step}: ${event.message}`, facts: { step: event.step } };
    case 'step-retrying': {
      const { step, attempt, delayMs, error } = event;
      const message = `${step}: attempt ${attempt} failed, again in ${formatDuration(delayMs)}: ${headline(error.message)}`;
      return { level: 'warning', event: name, message, facts: { step, attempt, 'delay-ms': delayMs, code: error.code } };
    }
    case 'step-finished': {
      const { step, status, error } = event;
      if (error === undefined) return undefined;
      const level = event.tolerated ? 'warning' : 'error';
      return {
        level,
        event: name,
        message: `${step}: ${status}: ${headline(error.message)}`,
        facts: { step, status, code: error.code },
      };
    }
    case 'run-finished': {
      const { status, durationMs, error } = event;
      const facts = { status, 'duration-ms': durationMs, ...(error === undefined ? {} : { code: error.code }) };
      return {
        level: status === 'succeeded' ? 'info' : 'error',
        event: name,
        message: `${status} in ${formatDuration(durationMs)}`,
        facts,
      };
    }
    case 'step-started':
    case 'step-progress':
      return undefined;
  }
}
