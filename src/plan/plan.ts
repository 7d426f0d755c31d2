// Job → Plan: which steps run, in which order, waiting for what. Pure; the same value is printed by `plan` and executed by `run`.
import type { Job, JobStep } from '../job/job.ts';

export interface Plan {
  readonly job: Job;
  /** In the order of the job file. */
  readonly steps: readonly PlannedStep[];
  /** Run after a failed run, once, in order. */
  readonly onFailure: readonly PlannedStep[];
  /** Steps that may run side by side, wave after wave: for display. */
  readonly waves: readonly (readonly string[])[];
}

export interface PlannedStep {
  readonly step: JobStep;
  /** Ids of steps of this plan only. */
  readonly needs: readonly string[];
  /** Left out by --only or --from: counts as succeeded for those that need it. */
  readonly excluded: boolean;
}

export interface PlanOptions {
  /** Run this step alone. */
  readonly only?: string;
  /** Run this step and all that depend on it. */
  readonly from?: string;
}
