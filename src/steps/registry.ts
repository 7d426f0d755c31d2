// Every step type that a job can use, one line each.
import { ftpMirror } from './ftp-mirror/index.ts';
import { httpCheck } from './http-check/index.ts';
import { pop3Archive } from './pop3-archive/index.ts';
import { shell } from './shell/index.ts';
import { smtpReport } from './smtp-report/index.ts';
import { smtpSend } from './smtp-send/index.ts';
import type { StepType } from './step.ts';

export const stepTypes: ReadonlyMap<string, StepType> = new Map(
  [
    ftpMirror, //
    pop3Archive,
    smtpSend,
    smtpReport,
    shell,
    httpCheck,
  ].map(type => [type.name, type as unknown as StepType]),
);
