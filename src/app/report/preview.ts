// The report of a run that is on record, as smtp/report would have written it at its end; sent to nobody.
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { AppError, fileError } from '../../core/errors.ts';
import { makeFolder } from '../../files/make-folder.ts';
import type { RunEvent } from '../../run/events.ts';
import { htmlReport } from '../../steps/smtp-report/html.ts';
import { buildReport, PAST_RUNS_MAX } from '../../steps/smtp-report/report-builder.ts';
import type { ReportModel } from '../../steps/smtp-report/report-model.ts';
import { subjectOf } from '../../steps/smtp-report/subject.ts';
import { textReport } from '../../steps/smtp-report/text.ts';
import type { RunFacts, StepFacts } from '../../steps/step.ts';
import type { RunRecord, StepRecord, Store } from '../../stores/store.ts';
import { findRun } from '../history.ts';
import { historyOf } from '../run/run-history.ts';
import { withStore } from '../state.ts';
import type { Workspace } from '../workspace.ts';

export interface ReportPreview {
  readonly run: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** By id, unique prefix, or `last`. Throws AppError `run-missing`. */
export async function previewReport(place: Workspace, id: string): Promise<ReportPreview> {
  const model = await withStore(place, async store => modelOf(store, await findRun(store, id)));
  return { run: model.run, subject: subjectOf(model), text: textReport(model), html: htmlReport(model) };
}

/** Makes the folder if it is missing; gives back the paths of the HTML and the text. */
export async function writePreview({ run, text, html }: ReportPreview, dir: string): Promise<readonly [string, string]> {
  const paths = [join(dir, `report-${run}.html`), join(dir, `report-${run}.txt`)] as const;
  try {
    await makeFolder(dir);
    await writeFile(paths[0], html);
    await writeFile(paths[1], text);
  } catch (error) {
    throw fileError(error, dir);
  }
  return paths;
}

/** Hands a file to the program that this desktop shows such files with. */
export function showFile(path: string): Promise<void> {
  const [command, ...args] =
    process.platform === 'darwin' ? ['open', path] : process.platform === 'win32' ? ['explorer', path] : ['xdg-open', path];
  return new Promise((resolve, reject) => {
    const child = spawn(command ?? '', args, { stdio: 'ignore', detached: true });
    child.once('error', cause =>
      reject(new AppError('open-failed', `${path} cannot be shown: ${command} is missing`, { cause, hint: 'Open it by hand.' })),
    );
    child.once('spawn', () => {
      child.unref();
      resolve();
    });
  });
}

async function modelOf(store: Store, record: RunRecord): Promise<ReportModel> {
  const [steps, events] = [await store.steps(record.id), await store.events(record.id)];
  const runs = await store.runs({ job: record.job, limit: PAST_RUNS_MAX * 2 });
  const at = runs.findIndex(({ id }) => id === record.id);
  const past = runs
    .slice(at + 1)
    .flatMap(({ id, startedAt, finishedAt, status }) =>
      finishedAt === undefined ? [] : [{ id, startedAt, durationMs: finishedAt - startedAt, status }],
    );
  const last = past.find(({ status }) => ['succeeded', 'failed', 'timed-out'].includes(status));
  const { job, file, id, startedAt, host, trigger } = record;
  return buildReport({
    job: { name: job, file },
    run: { id, startedAt, host, trigger: trigger as RunFacts['trigger'] },
    steps: steps.map(step => factsOf(step, events)),
    past: past.slice(0, PAST_RUNS_MAX),
    before: last === undefined ? [] : ((await historyOf(store, job, id).stepsOf?.(last.id)) ?? []),
    log: (await historyOf(store, job, id).log?.()) ?? [],
    now: record.finishedAt ?? systemClock.now(),
    self: steps.find(({ uses }) => uses === 'smtp/report')?.step ?? '',
  });
}

/** Of one step, as the run itself knew it. */
function factsOf(
  { step, uses, status, attempts, durationMs, outputs, error }: StepRecord,
  events: readonly RunEvent[],
): StepFacts {
  const own = events.filter(event => 'step' in event && event.step === step);
  const notes = own.flatMap(event => (event.type === 'step-note' ? [{ level: event.level, message: event.message }] : []));
  return {
    ...{ id: step, uses, status, attempts, durationMs: durationMs ?? 0, outputs, notes: notes.slice(-50) },
    ...(error === undefined ? {} : { error }),
    tolerated: own.some(event => event.type === 'step-finished' && event.tolerated),
  };
}
