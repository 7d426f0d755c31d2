// docs/job-reference.md, made of the definitions that check a job.
import { connectionSchemas } from '../../src/job/connection-definition.ts';
import { jobFileSchema, retrySchema, scheduleSchema, stepSchema } from '../../src/job/definition.ts';
import { stepTypes } from '../../src/steps/registry.ts';
import { fieldsOf, type Key, keysOf, keyTable } from './key-table.ts';

export function jobReference(): string {
  return `${[
    '# The job file, key by key',
    INTRODUCTION,
    ...part('## The job', 'job', keysOf(fieldsOf(jobFileSchema)).filter(isOutermost)),
    ...part('## `schedule`', 'schedule', keysOf(fieldsOf(scheduleSchema)), SCHEDULE),
    ...part('## `retry`', 'retry', keysOf(fieldsOf(retrySchema)), RETRY),
    ...part('## A step', 'step', keysOf(fieldsOf(stepSchema)).filter(isOutermost), STEP),
    ...part('## A connection', 'connection', connectionKeys(), CONNECTION),
    '## What a step can do',
    ...[...stepTypes.values()].flatMap(type =>
      part(`### \`${type.name}\``, type.name, keysOf(fieldsOf(type.schema)), stepText(type.name, type.summary)),
    ),
    EXPRESSIONS,
  ].join('\n\n')}\n`;
}

function part(title: string, section: string, keys: readonly Key[], text?: string): readonly string[] {
  return [title, ...(text === undefined ? [] : [text]), keyTable(section, keys)];
}

const isOutermost = ({ name }: Key) => !name.includes('.');

/** Those of all three protocols together; one that not all have says whose it is. */
export function connectionKeys(): readonly Key[] {
  const types = Object.entries(connectionSchemas).map(([type, schema]) => [type, keysOf(fieldsOf(schema))] as const);
  const names = [...new Set(types.flatMap(([, keys]) => keys.map(({ name }) => name)))];
  return names.map(name => {
    const having = types.flatMap(([type, keys]) => keys.filter(key => key.name === name).map(key => ({ type, key })));
    const [first] = having;
    if (first === undefined) throw new Error(name);
    if (name === 'type')
      return { ...first.key, field: { enum: Object.keys(connectionSchemas), description: 'The kind of server.' } };
    if (name === 'tls') return { ...first.key, field: { ...first.key.field, description: TLS } };
    const whose = having.length === types.length ? '' : `${having.map(({ type }) => type).join(', ')}: `;
    return { ...first.key, field: { ...first.key.field, description: `${whose}${first.key.field.description ?? ''}` } };
  });
}

const TLS =
  'explicit: AUTH TLS, STLS or STARTTLS, demanded and never skipped. implicit: from the first byte. none: clear text, and must be written out. Default: explicit (pop3: implicit).';

const INTRODUCTION = `<!-- Made by \`npm run docs\` from the definitions that check a job; edit those. -->

Every key of a job, with its type, its default and an example. \`postrider validate\` checks a file by the same definitions, and an editor does by
\`job.schema.json\` (\`postrider schema\`). An unknown key is an error, and nothing is coerced.

| type | written as |
| --- | --- |
| duration | \`500ms\` \`5s\` \`10m\` \`2h\` \`7d\` |
| size | \`64KB\` \`2MB\` \`1GB\`, 1024-based |
| rate | \`500KB/s\` \`2MB/s\` |
| list | \`[a, b]\`, or one line \`- a\` for each; where a type says "or", a single value is one of its own |

\`\`\`yaml
# yaml-language-server: $schema=./job.schema.json
name: nightly-site
schedule: { cron: "30 2 * * *", timezone: Europe/Zurich }
steps:
  - id: build
    run: npm run build
  - id: deploy
    uses: ftp/mirror
    with: { connection: web, direction: upload, local: ./public, remote: /www, delete: true }
\`\`\``;

const SCHEDULE = `One mapping, or a list of them; either \`cron\` or \`every\`. What becomes of a time that is due stands in [Scheduling](scheduling.md).`;

const RETRY = `On the job it is the default of all its steps. Only a failure that can pass is tried again: a wrong password never is.`;

const STEP = `Under \`steps\`, and with all but \`needs\` under \`on-failure\`. A step has \`uses\` and \`with\`, or \`run\`, short for \`uses: shell\`. It starts when the step
before it has ended, or those that \`needs\` names; steps without a way from one to the other run at the same time.`;

const CONNECTION = `Under \`connections\` of a job, or in \`connections.yaml\` beside the job files, which all of them share. The port follows from type and \`tls\`: ftp 21 or 990,
pop3 110 or 995, smtp 587 or 465 (direct: 25). Chain and host name of a certificate are always verified. A password is never sent in clear text unless \`tls: none\` was written.`;

/** What the steps after it may read. */
const OUTPUTS: Readonly<Record<string, string>> = {
  'ftp/mirror': '`uploaded` `downloaded` `deleted` `unchanged` `failed` `bytes`',
  'pop3/archive':
    '`listed` `archived` `duplicates` `skipped` `quarantined` `deleted` `pending` `bytes`; listed is always the sum of archived, duplicates, skipped, quarantined and pending',
  'smtp/send':
    '`message-id` `outcome` (`accepted` `partial` `rejected` `deferred` `indeterminate`) `accepted` `rejected` `deferred`',
  'smtp/report': 'as of `smtp/send`',
};

function stepText(name: string, summary: string): string {
  const outputs = OUTPUTS[name];
  const end = summary.endsWith('.') ? summary : `${summary}.`;
  return outputs === undefined ? end : `${end} Outputs: ${outputs}.`;
}

const EXPRESSIONS = `## Expressions

GitHub's, between \`\${{\` and \`}}\`, in \`with\`, \`if\`, \`vars\`, \`ping\` and in \`host\`, \`user\`, \`password\`, \`proxy\` and \`dkim\` of a connection. They read \`vars\`, \`env\`, \`secrets\`, \`job\`, \`run\`,
\`steps.ID.outputs.NAME\` and \`steps.ID.outcome\`; \`if\` knows \`success()\`, \`failure()\`, \`always()\` and \`cancelled()\`. A run that a person ends starts nothing more; after the job's
\`timeout\`, steps with \`always()\` or \`cancelled()\` still have five minutes. A shell executes what an expression puts into its script: hand
outputs over by \`env\`. More:

\`\`\`sh
postrider help expressions
\`\`\``;
