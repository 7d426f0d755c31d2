// The starter jobs: each an example of jobs/, with the words of whoever starts put in.

/** What a person says about their servers and addresses. */
export interface Answers {
  /** The folder that is deployed, relative to the one above the jobs folder. */
  readonly site: string;
  readonly remote: string;
  readonly url: string;
  readonly from: string;
  readonly to: string;
  readonly timezone: string;
}

export type ConnectionName = 'web' | 'supplier' | 'inbox' | 'outbox';

export interface Template {
  readonly summary: string;
  readonly connections: readonly ConnectionName[];
  /** In jobs/. */
  readonly file: string;
  readonly asks: readonly (keyof Answers)[];
}

export const TEMPLATES = {
  deploy: {
    summary: 'build a web site, upload what changed by FTP, check that it is there',
    ...{ connections: ['web', 'outbox'], file: 'deploy-site.yaml', asks: ['site', 'remote', 'url', 'from', 'to'] },
  },
  archive: {
    summary: 'keep every mail of a POP3 mailbox, tidy the server after 30 days',
    ...{ connections: ['inbox', 'outbox'], file: 'archive-invoices.yaml', asks: ['from', 'to'] },
  },
  report: {
    summary: 'every night: deploy and archive side by side, then one report',
    ...{
      connections: ['web', 'inbox', 'outbox'],
      file: 'nightly-report.yaml',
      asks: ['site', 'remote', 'from', 'to', 'timezone'],
    },
  },
  'supplier-drop': {
    summary: 'fetch new files from a supplier’s FTP server, tell somebody what came',
    ...{ connections: ['supplier', 'outbox'], file: 'supplier-download.yaml', asks: ['from', 'to', 'timezone'] },
  },
} as const satisfies Readonly<Record<string, Template>>;

export type TemplateName = keyof typeof TEMPLATES;

export function isTemplateName(name: string): name is TemplateName {
  return Object.hasOwn(TEMPLATES, name);
}

/** What the examples say → which answer stands there instead. */
const PLACES: readonly (readonly [pattern: RegExp, answer: keyof Answers])[] = [
  [/(?<=^\s*local: )\.\/public$/gm, 'site'],
  [/(?<=^\s*remote: )\/www$/gm, 'remote'],
  [/https:\/\/www\.example\.org\//g, 'url'],
  [/(?<=^\s*from: )robot@example\.org$/gm, 'from'],
  [/(?<=^\s*to: \[)[a-z]+@example\.org(?=\]$)/gm, 'to'],
  [/(?<=^\s*timezone: )Europe\/Zurich$/gm, 'timezone'],
];

/** The example with the answers in it; without one, the example's own words stay. */
export function filled(example: string, answers: Partial<Answers>): string {
  let text = example;
  for (const [pattern, name] of PLACES) {
    const answer = answers[name];
    if (answer !== undefined) text = text.replace(pattern, () => yamlWord(answer));
  }
  return text;
}

/** Plain where YAML reads it as the same text, else quoted (a JSON string is one of YAML, too). */
export function yamlWord(text: string): string {
  return /^[A-Za-z./~][\w./~@+-]*(?::\/\/[\w./~@+-]+)?$/.test(text) && !/^(true|false|null|yes|no|on|off|~)$/i.test(text)
    ? text
    : JSON.stringify(text);
}
