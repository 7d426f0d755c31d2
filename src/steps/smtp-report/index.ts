// The step smtp/report: mails what happened in this run, as text and HTML.
import type { Connect, DeliveryOutputs } from '../smtp-delivery.ts';
import { addresseesShown } from '../smtp-fields.ts';
import type { StepType } from '../step.ts';
import { type ReportConfig, reportSchema } from './config.ts';

/** `connect` is replaced in tests. */
export function makeSmtpReport(connect?: Connect): StepType<ReportConfig, DeliveryOutputs> {
  return {
    name: 'smtp/report',
    summary: 'Mails a report of this run',
    schema: reportSchema,
    connection: 'smtp',
    repeatable: () => true,
    describe: config => `report to ${addresseesShown(config)} over ${config.connection}${WHEN_SHOWN[config.when] ?? ''}`,
    preview: async (config, context) => (await import('./report.ts')).previewReport(config, context),
    run: async (config, context) => {
      const { sendReport } = await import('./report.ts');
      return sendReport(config, context, connect ?? (await import('../../protocols/smtp/index.ts')).connectSmtp);
    },
  };
}

const WHEN_SHOWN: Readonly<Record<string, string>> = { failure: ', when a run failed', change: ', when the status changed' };

export const smtpReport = makeSmtpReport();
