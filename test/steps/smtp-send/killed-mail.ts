// The mail of the runs that die.
import { check } from '../../../src/core/schema.ts';
import type { SendConfig } from '../../../src/steps/smtp-send/config.ts';
import { smtpSend } from '../../../src/steps/smtp-send/index.ts';

export function killedMail(): SendConfig {
  const to = ['ops@example.org', 'dev@example.org'];
  const checked = check(smtpSend.schema, { connection: 'outbox', from: 'robot@example.org', to, subject: 'hi', text: 'hello' });
  if (!checked.ok) throw new Error(JSON.stringify(checked.issues));
  return checked.value;
}
