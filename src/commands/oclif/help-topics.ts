// The topics of `postrider help TOPIC`: what no single command's help can hold.
import { EXIT_MEANINGS } from '../../app/exit-codes.ts';
import { README_TEXT } from '../../archive/readme.ts';

interface HelpTopic {
  readonly summary: string;
  readonly text: string;
}

const EXPRESSIONS = `Expressions are GitHub's: \${{ … }} in any text under \`with\`, in \`if\`, \`vars\`, \`ping\`, and in a connection's
host, user, password, proxy and dkim.

Contexts
  vars.NAME                  values of the job; \`run --set NAME=value\` overrides them
  env.NAME                   the environment, without POSTRIDER_SECRET_*
  secrets.NAME               see \`postrider secret --help\`; masked wherever it would show
  job.name  job.status  run.id  run.trigger  run.host  run.started-at
  steps.ID.outputs.NAME      results of a step that has ended (docs/job-reference.md)
  steps.ID.outcome           success, failure, cancelled or skipped

Functions
  success() failure() always() cancelled()      for \`if\`; what is interrupted by a person starts nothing more, after the
                             job's \`timeout\` steps with always() or cancelled() have five minutes
  contains() startsWith() endsWith() format() join() toJSON() fromJSON() case()
Operators: ! < <= > >= == != && ||

Examples
  if: always()
  if: success() && steps.fetch.outputs.downloaded > 0
  subject: "\${{ steps.fetch.outputs.downloaded }} new files"

A shell executes what stands in its script: results of other steps go in by \`env\`, and are refused in \`run\`.
`;

const CONNECTIONS = `A server with its sign-in, in \`connections:\` of a job, in connections.yaml beside the job files, or as a URL.

  web:    { type: ftp,  host: ftp.example.org,  user: deploy,  password: "\${{ secrets.web }}" }
  inbox:  { type: pop3, host: pop.example.org,  user: me,      password: "\${{ secrets.inbox }}" }
  outbox: { type: smtp, host: smtp.example.org, user: robot,   oauth2: robot-account }

  host, port       the port follows from tls: ftp 21/990, pop3 110/995, smtp 587/465
  tls              explicit (AUTH TLS, STLS, STARTTLS: demanded), implicit (from the first byte), none (clear text,
                   only when written out). Default: ftp and smtp explicit, pop3 implicit
  tls-max          "1.2": no newer TLS, for FTP servers that resume no session of TLS 1.3 (Pure-FTPd)
  ca, fingerprint  a PEM file to trust besides the system's; a pinned sha256:…. Nothing turns verification off
  timeout, max-connections, proxy

On the command line
  ftp://user@host/folder     explicit TLS        ftps://   TLS from the first byte
  pop3s://user@host          smtp://user@host    smtps://  likewise
  ?tls=none  ?ca=FILE  ?fingerprint=sha256:…     as above
  @web/folder                a connection of connections.yaml; @web:/folder starts at the root
A path starts at the folder of the login, ftp://host//www at the root. Passwords come from POSTRIDER_PASSWORD,
--password-stdin, a secret or a prompt, never from an argument. \`postrider doctor @web\` says what is wrong with one.
`;

function exitCodes(): string {
  const lines = Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`);
  return `${lines.join('\n')}\n\nA failed run exits with the code of its first failed step.\n`;
}

export const HELP_TOPICS: Readonly<Record<string, HelpTopic>> = {
  expressions: { summary: 'what may stand between ${{ and }} in a job file', text: EXPRESSIONS },
  connections: { summary: 'servers in job files, in connections.yaml and as URLs', text: CONNECTIONS },
  'exit-codes': { summary: 'what the exit code of a command says', text: exitCodes() },
  'archive-format': { summary: 'what lies in an archive, and how to read it without postrider', text: README_TEXT },
};

export function topicText(name: string): string | undefined {
  return Object.hasOwn(HELP_TOPICS, name) ? HELP_TOPICS[name]?.text : undefined;
}
