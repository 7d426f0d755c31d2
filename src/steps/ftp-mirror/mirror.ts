// The step ftp/mirror: survey both sides, then show the plan or carry it out.
import { cancelled } from '../../core/clock.ts';
import { formatCount, formatSize } from '../../core/units.ts';
import type { Preview, PreviewAction, StepContext, StepType } from '../step.ts';
import { applyPlan } from './apply.ts';
import { type Survey, surveyBoth } from './comparison/survey.ts';
import type { MirrorConfig } from './config.ts';
import { LocalReceiver } from './download/local-receiver.ts';
import { mirrorFacts } from './facts.ts';
import { ServerLock, type Standing } from './lock/server-lock.ts';
import { surveyDeployed } from './manifest/survey.ts';
import { type MirrorOutputs, Tally } from './tally.ts';
import { prepareTempNames } from './trees/temp-name.ts';
import { RemoteReceiver } from './upload/remote-receiver.ts';
import { type Connect, openWorkshop, type Workshop } from './workshop.ts';

export interface MirrorParts {
  readonly connect: Connect;
}

export function createFtpMirror({ connect }: MirrorParts): StepType<MirrorConfig, MirrorOutputs> {
  return {
    ...mirrorFacts,
    preview: (config, context) =>
      withWorkshop(config, context, connect, async workshop => {
        const survey = await surveyOf(workshop, false);
        if (survey.brake !== undefined) context.note('warning', `the run would be refused: ${survey.brake.message}`);
        return previewOf(config, survey);
      }),
    run: (config, context) =>
      withWorkshop(config, context, connect, workshop => (config.direction === 'upload' ? upload(workshop) : download(workshop))),
  };
}

async function download(workshop: Workshop): Promise<MirrorOutputs> {
  const survey = await surveyOf(workshop, false);
  if (survey.brake !== undefined) throw survey.brake;
  if (survey.plan.transfers.length > 0) prepareTempNames();
  const tally = new Tally('download', survey.plan, workshop.context);
  await applyPlan(workshop, survey, await LocalReceiver.open(workshop, tally, survey), tally);
  return tally.outputs();
}

async function upload(workshop: Workshop): Promise<MirrorOutputs> {
  const lock = new ServerLock(workshop);
  let standing: Standing = 'untouched';
  try {
    const survey = await surveyLocked(workshop, lock);
    if (survey.brake !== undefined) throw survey.brake;
    if (survey.plan.transfers.length > 0) prepareTempNames();
    const tally = new Tally('upload', survey.plan, workshop.context);
    const receiver = new RemoteReceiver(workshop, tally, survey);
    await survey.deployed?.expect(survey.plan);
    standing = 'unfinished';
    if (!lock.held) await lockNewRoot(workshop, lock, () => receiver.prepareRoot(survey.rootMissing));
    await applyPlan(workshop, survey, receiver, tally);
    standing = 'finished';
    return tally.outputs();
  } finally {
    await lock.release(workshop.config.compare === 'manifest' ? standing : 'finished');
  }
}

/** The lock is asked for together with the first question; what was seen while somebody else still worked is looked at again. */
async function surveyLocked(workshop: Workshop, lock: ServerLock): Promise<Survey> {
  const [taken, survey] = await Promise.all([lock.take(), surveyOf(workshop, false)]);
  return taken === 'over' ? surveyOf(workshop, true) : survey;
}

async function lockNewRoot({ context }: Workshop, lock: ServerLock, makeRoot: () => Promise<void>): Promise<void> {
  await makeRoot();
  if ((await lock.take()) !== 'no-root') return;
  context.note('warning', 'the server lets us make no lock: nothing keeps another mirror from working there at the same time');
}

/** `leftovers`: an earlier mirror did not come to its end. */
function surveyOf(workshop: Workshop, leftovers: boolean): Promise<Survey> {
  return workshop.config.compare === 'manifest' ? surveyDeployed(workshop, leftovers) : surveyBoth(workshop);
}

async function withWorkshop<T>(
  config: MirrorConfig,
  context: StepContext,
  connect: Connect,
  work: (workshop: Workshop) => Promise<T>,
): Promise<T> {
  context.signal.throwIfAborted();
  const workshop = await openWorkshop(config, context, connect);
  try {
    return await work(workshop);
  } catch (error) {
    throw context.signal.aborted ? cancelled(context.signal) : error;
  } finally {
    await workshop.close();
  }
}

function previewOf(config: MirrorConfig, { plan, brake }: Survey): Preview {
  const verb = config.direction;
  const bytes = plan.transfers.reduce((sum, { facts }) => sum + (facts.size ?? 0), 0);
  const removals = [...plan.clears, ...plan.deletes];
  const deletes = removals.filter(({ kind }) => kind === 'file').length;
  const parts = [
    `${formatCount(plan.transfers.length, 'files')} to ${verb} (${formatSize(bytes)})`,
    ...(plan.moves.length > 0 ? [`${plan.moves.length} to rename`] : []),
    `${deletes} to delete`,
    `${plan.unchanged.length} unchanged`,
    ...(plan.conflicts.length > 0 ? [`${plan.conflicts.length} that cannot be mirrored`] : []),
  ];
  const refusal = brake === undefined ? '' : `; refused: ${brake.message}`;
  return { summary: parts.join(', ') + refusal, actions: [...actionsOf(verb, plan)] };
}

function* actionsOf(verb: string, plan: Survey['plan']): Generator<PreviewAction> {
  for (const { path, message } of plan.conflicts) yield { action: 'fail', target: path, reason: message };
  for (const { path, kind } of plan.clears) yield { action: 'delete', target: spelled(path, kind), reason: 'in the way' };
  for (const path of plan.folders) yield { action: 'mkdir', target: `${path}/` };
  for (const { from, transfer } of plan.moves) yield { action: 'rename', target: transfer.path, reason: `renamed from ${from}` };
  for (const { path, reason, facts } of plan.transfers) {
    yield { action: verb, target: path, reason, ...(facts.size === undefined ? {} : { bytes: facts.size }) };
  }
  for (const { path, kind } of plan.deletes) yield { action: 'delete', target: spelled(path, kind), reason: 'extraneous' };
}

function spelled(path: string, kind: 'file' | 'folder'): string {
  return kind === 'folder' ? `${path}/` : path;
}
