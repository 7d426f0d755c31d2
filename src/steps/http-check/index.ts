// `http/check`: asks a web address and compares the answer with what is expected.
import {
  described,
  duration,
  type Infer,
  integer,
  object,
  oneOrMany,
  optional,
  preset,
  refined,
  word,
} from '../../core/schema.ts';
import type { StepType } from '../step.ts';
import { checkUrl, type HttpCheckOutputs, shownUrl } from './check.ts';

const TIMEOUT_MS = 10_000;

const httpCheckSchema = object({
  url: described(
    refined(word(), url => /^https?:\/\/[^\s/]/i.test(url) && URL.canParse(url), 'is no http:// or https:// address'),
    'The address; redirects are followed.',
  ),
  status: preset(
    refined(
      oneOrMany(integer(100, 599)),
      statuses => statuses.length > 0,
      'is empty: write the status that is good, such as 200',
    ),
    [200],
    'The status, or the statuses, that are good. Default 200.',
  ),
  contains: optional(word(), 'A text that must be in the first megabyte of the answer.'),
  timeout: preset(
    refined(duration(), ms => ms > 0, 'is no time at all: write 10s, for example'),
    TIMEOUT_MS,
    'For the whole exchange. Default 10s.',
  ),
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
