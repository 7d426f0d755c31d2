// `http/check`: asks a web address and compares the answer with what is expected.
import { duration, type Infer, integer, object, oneOrMany, word } from '../../core/schema.ts';
import type { StepType } from '../step.ts';
import { checkUrl, type HttpCheckOutputs, shownUrl } from './check.ts';

const TIMEOUT_MS = 10_000;

export const httpCheckSchema = object({
  url: word()
    .refine(url => /^https?:\/\/[^\s/]/i.test(url) && URL.canParse(url), { error: 'is no http:// or https:// address' })
    .describe('The address; redirects are followed.'),
  status: oneOrMany(integer(100, 599)).default([200]).describe('The status, or the statuses, that are good. Default 200.'),
  contains: word().optional().describe('A text that must be in the first megabyte of the answer.'),
  timeout: duration().default(TIMEOUT_MS).describe('For the whole exchange. Default 10s.'),
});

export type HttpCheckConfig = Infer<typeof httpCheckSchema>;

export const httpCheck: StepType<HttpCheckConfig, HttpCheckOutputs> = {
  name: 'http/check',
  summary: 'Asks a web address and checks status and content of the answer.',
  schema: httpCheckSchema,
  repeatable: () => true,
  describe,
  preview: async config => ({ summary: describe(config), actions: [{ action: 'check', target: shownUrl(config.url) }] }),
  run: checkUrl,
};

function describe({ url, status, contains }: HttpCheckConfig): string {
  const content = contains === undefined ? '' : ` and contains ${JSON.stringify(contains)}`;
  return `${shownUrl(url)} answers ${status.join(' or ')}${content}`;
}
