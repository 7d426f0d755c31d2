// The eighteen rules that a first-class SMTP client must prove, by number, and the tests that prove them: none may vanish or lose its name.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

type Proof = readonly [file: string, test: string];

const RULES: readonly (readonly [rule: string, ...proofs: Proof[]])[] = [
  [
    'one choke point writes commands, and takes no control character in any field',
    ['protocols/smtp/session.test.ts', 'refuses every control character in every field'],
    ['steps/smtp-send/outbox-weather.test.ts', 'in every address and name make an address, or an error before anything is sent'],
  ],
  [
    'addresses are parsed strictly and written anew',
    ['protocols/smtp/address.test.ts', 'lets no byte through that ends a path, in any place'],
    ['protocols/smtp/address.test.ts', 'writes what it reads back the same'],
  ],
  [
    'no value ends its header',
    ['steps/smtp-send/outbox-weather.test.ts', 'in every text of a mail stay text'],
    ['hostile/injection.test.ts', 'a subject of several lines adds no header and no recipient'],
  ],
  [
    'no bare CR or LF leaves, and nothing ends the data early',
    ['protocols/smtp/client.test.ts', 'arrives byte for byte, whatever it holds and however it comes in pieces'],
  ],
  [
    'lines are short whatever the text',
    ['mail/mail.test.ts', 'gives the same bytes for the same draft, all lines ended by CRLF and short'],
    ['mail/mail.test.ts', 'makes no line longer than 998 octets of a name that becomes longer by being made safe'],
  ],
  [
    'TLS is verified, and never left out',
    ['protocols/smtp/client.test.ts', 'is demanded of a certificate that we trust'],
    ['hostile/servers.test.ts', 'a server that does not offer TLS, and one that refuses it, get no password'],
  ],
  [
    'what was said before TLS counts for nothing',
    ['protocols/smtp/session.test.ts', 'aborts when bytes follow the 220 to STARTTLS'],
    ['protocols/smtp/session.test.ts', 'nothing is believed that follows the 220: %j'],
    ['protocols/smtp/session.test.ts', 'forgets all it knew once TLS stands'],
  ],
  [
    'sign-in has a floor that a server cannot lower',
    ['protocols/sasl/sasl.test.ts', 'refuses a yes to its first message: a downgrade to no proof'],
    ['protocols/sasl/sasl.test.ts', 'too many iterations'],
    ['protocols/sasl/sasl.test.ts', 'never sends a password where a token is meant'],
    ['protocols/sasl/sasl.test.ts', 'a challenge beyond the limit is not answered'],
  ],
  [
    'secrets are in no artefact',
    ['protocols/smtp/session.test.ts', 'never shows what signs in'],
    ['steps/smtp-send/smtp-send.test.ts', 'keeps no secret in the outbox'],
    ['commands/canary-commands.test.ts', 'the scheduler, whose servers repeat the password'],
  ],
  [
    'replies are bounded and in step',
    ['hostile/servers.test.ts', 'a line, and a reply, without end are cut off'],
    ['protocols/smtp/session.test.ts', 'refuses a reply nobody asked for, but takes a 421 at any time'],
  ],
  [
    'every status of a group is read and matched',
    ['protocols/smtp/session.test.ts', 'matches every reply of a group, wherever the bytes are cut'],
    ['protocols/smtp/client.test.ts', 'is not smuggled in when the server asks for it although it refused everybody'],
  ],
  ['no chunk before its server was proven', ['protocols/smtp/pipeline.test.ts', 'sends no chunk to %s']],
  [
    'each recipient has one outcome, decided by the reply to the data',
    ['protocols/smtp/client.test.ts', 'is indeterminate after the final dot, and a certain failure before'],
    ['protocols/smtp/session.test.ts', 'keeps the verdict although rubbish follows it'],
  ],
  [
    'attachments stay in their folder and are opened once',
    ['steps/smtp-send/smtp-send.test.ts', 'must exist, fit, be files, and lie in the workdir'],
  ],
  [
    'a report escapes whatever a job says',
    ['steps/smtp-report/report-words.test.ts', 'stays text in HTML: only our own tags and attributes'],
    ['steps/smtp-report/report-words.test.ts', 'stays text: lines fit, nothing but printable characters'],
  ],
  ['the outbox is private', ['stores/sqlite.test.ts', 'is private, with its folder and its companions']],
  [
    'calls for tokens are bounded and encrypted',
    ['secrets/oauth.test.ts', 'an answer of ${ANSWER_BYTES_MAX} bytes is read, one more is not'],
    ['secrets/oauth.test.ts', 'a redirect (%i) is not followed'],
    ['secrets/oauth.test.ts', 'a token never goes out in clear text'],
  ],
  ['what lies in the outbox is data: damaged, it is not sent', ['stores/outbox-contract.ts', "code: 'letter-damaged'"]],
];

it('there are eighteen', () => expect(RULES.length).toBe(18));

it.each(RULES.map(([rule, ...proofs], index) => [index + 1, rule, proofs] as const))('rule %i: %s', (_number, _rule, proofs) => {
  for (const [file, test] of proofs) expect(readFileSync(join(ROOT, file), 'utf8'), file).toContain(test);
});
