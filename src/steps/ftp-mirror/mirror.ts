// The step ftp/mirror: survey both sides, then show the plan or carry it out.
import { cancelled } from '../../core/clock.ts';
import { formatSize } from '../../core/units.ts';
import type { Preview, PreviewAction, StepContext, StepType } from '../step.ts';
import { applyPlan } from './apply.ts';
import type { MirrorConfig } from './config.ts';
import { mirrorFacts } from './facts.ts';
import { LocalReceiver } from './local-receiver.ts';
import { surveyDeployed } from './manifest/survey.ts';
import { RemoteReceiver } from './remote-receiver.ts';
import { type Survey, surveyBoth } from './survey.ts';
import { type MirrorOutputs, Tally } from './tally.ts';
import { type Connect, openWorkshop, type Workshop } from './workshop.ts';

export interface MirrorParts {
  readonly connect: Connect;
}

export function createFtpMirror({ connect }: MirrorParts): StepType<MirrorConfig, MirrorOutputs> {
  return {
    ...mirrorFacts,
    preview: (config, context) =>
      withWorkshop(config, context, connect, async workshop => {
        const survey = await surveyOf(workshop);
        if (survey.brake !== undefined) context.note('warning', `the run would be refused: ${survey.brake.message}`);
        return previewOf(config, survey);
      }),
    run: (config, context) => withWorkshop(config, context, connect, workshop => mirror(workshop)),
  };
}

async function mirror(workshop: Workshop): Promise<MirrorOutputs> {
  const { config, context } = workshop;
  const survey = await surveyOf(workshop);
  if (survey.brake !== undefined) throw survey.brake;
  const tally = new Tally(config.direction, survey.plan, context);
  const receiver =
    config.direction === 'upload' ? new RemoteReceiver(workshop, tally, survey) : await LocalReceiver.open(workshop, tally);
  await applyPlan(workshop, survey, receiver, tally);
  return tally.outputs();
}

function surveyOf(workshop: Workshop): Promise<Survey> {
  return workshop.config.compare === 'manifest' ? surveyDeployed(workshop) : surveyBoth(workshop);
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
    `${plan.transfers.length} files to ${verb} (${formatSize(bytes)})`,
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
  for (const { path, reason, facts } of plan.transfers) {
    yield { action: verb, target: path, reason, ...(facts.size === undefined ? {} : { bytes: facts.size }) };
  }
  for (const { path, kind } of plan.deletes) yield { action: 'delete', target: spelled(path, kind), reason: 'extraneous' };
}

function spelled(path: string, kind: 'file' | 'folder'): string {
  return kind === 'folder' ? `${path}/` : path;
}
