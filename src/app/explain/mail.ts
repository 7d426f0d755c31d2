// Error codes of mail: SMTP, POP3, outbox and archive.
import type { Explanations } from './explanation.ts';

export const MAIL_CODES: Explanations = {
  'address-invalid': ['This is no mail address.', 'Write name@example.org, or "Name <name@example.org>".'],
  'attachment-changed': ['A file changed while it was sent.', 'Attach a copy, or send when nothing writes to it.'],
  'attachment-missing': ['No file matches `attachments` or `attach`.', 'Paths and globs start at the job’s `workdir`.'],
  'attachment-no-file': ['That is a folder or a device.', 'Attach files only.'],
  'attachment-outside': [
    'The path leads out of the job’s `workdir`, perhaps by a symbolic link.',
    'Copy the file into the workdir first.',
  ],
  'attachments-too-big': ['All attachments together are larger than `max-size`.', 'Send a link, or raise `max-size`.'],
  'dkim-key-invalid': [
    'The key that `dkim` names cannot sign.',
    'Store a private key in PEM form (RSA or Ed25519) as that secret.',
  ],
  'domain-missing': ['The recipient’s domain has no mail server.', 'Check the address for a typing mistake.'],
  'domain-takes-no-mail': ['The recipient’s domain says that it takes no mail.', 'Check the address for a typing mistake.'],
  'eight-bit-missing': [
    'The server takes 7-bit mail only.',
    'Another server would help; postrider encodes what it makes itself.',
  ],
  'letter-busy': ['Another process is sending this letter.', 'Wait for it.'],
  'letter-damaged': ['What is kept of a letter cannot be read.', '`postrider outbox drop ID` removes it.'],
  'letter-gone': ['The letter is not in the outbox any more.', '`postrider outbox list` shows what is.'],
  'letter-missing': ['There is no letter of that id.', '`postrider outbox list` shows them.'],
  'mail-deferred': [
    'The server does not take the mail just now (4xx).',
    'From a job, it waits in the outbox and is tried again; `smtp send` keeps nothing: send it again in a while.',
  ],
  'mail-indeterminate': [
    'The connection was cut after the last byte and before the answer: the mail may have arrived or not.',
    'It is not sent again blindly. Look at the recipient’s; then `postrider outbox resend ID` or `drop ID`, or `smtp send` once more.',
  ],
  'mail-partial': [
    '`smtp send` delivered to some recipients and not to others, whom the message names.',
    'Send again to those alone; in a job, the outbox does so.',
  ],
  'mail-rejected': [
    'The server refused the mail for good (5xx).',
    'Its words stand in the message; correct sender, recipients or content.',
  ],
  'message-refused-early': [
    'The server gave its verdict before the mail was sent to its end.',
    'Its words stand in the message.',
  ],
  'message-too-big': ['The message is larger than the server, or a limit here, allows.', 'Send less, or raise the limit.'],
  'no-recipients': ['There is nobody to send to.', 'Write `to`, `cc` or `bcc`.'],
  'requiretls-missing': [
    'The mail must travel under TLS to its end (REQUIRETLS), and the server does not promise that.',
    'Use a server that offers REQUIRETLS, or leave the demand out.',
  ],
  'smtputf8-missing': [
    'An address has letters beyond ASCII, and the server cannot carry them.',
    'Use an ASCII address, or another server.',
  ],
  'template-invalid': [
    'The Liquid template of the report cannot be read or filled.',
    'The message names the line; `postrider report preview RUN` shows the result.',
  ],
  'too-many-attachments': ['There are more attachments than the limit.', 'Pack them into one archive.'],
  'too-many-recipients': ['There are more recipients than the limit.', 'Use a mailing list.'],
  'command-refused': ['The POP3 server refused a command.', 'Its words stand in the message.'],
  'mailbox-in-use': [
    'Another program has the mailbox open; POP3 allows one at a time.',
    'postrider tries again later; end the other program.',
  ],
  'message-abandoned': ['The reading of a message was given up.', 'Run again; it stays on the server.'],
  'message-missing': ['There is no message of that number.', '`postrider pop3 list` shows them.'],
  'quit-refused': [
    'The server refused QUIT, so it is not sure that anything was deleted.',
    'Nothing was lost; the next run looks again.',
  ],
  'account-unknown': ['The archive has no account of that name.', '`postrider archive stats` lists them.'],
  'archive-damaged': [
    'A file of the archive is not as it was written.',
    '`postrider archive verify` says what; restore that month from a backup.',
  ],
  'archive-file-missing': [
    'A file that the manifest lists is not there.',
    'Restore it from a backup; `postrider archive verify` says what else.',
  ],
  'archive-locked': [
    'Another process writes this account.',
    'Wait for it; the lock of a dead process is taken over by itself. That of another machine or container that is gone is not: remove the file that is named.',
  ],
  'archive-missing': ['There is no archive in that folder.', 'Give the folder with --archive DIR.'],
  'export-exists': ['The folder to export into exists already.', 'Name a new one.'],
  'import-unknown': ['That is neither an mbox file nor a Maildir.', 'Check the path.'],
  'index-damaged': ['The search index cannot be read.', '`postrider archive reindex` makes it anew; no mail is touched.'],
  'index-unusable': ['The search index cannot be opened or written.', 'Check folder and disk; `postrider archive reindex`.'],
  'mail-too-long': [
    'A mail has more lines or parts than are taken apart.',
    'It is archived whole; only its parts are not looked into: `postrider archive show SHA256 --raw`.',
  ],
  'message-ambiguous': ['Several messages begin with these digits.', 'Give more of the SHA-256.'],
  'message-unknown': ['The archive has no such message.', '`postrider archive search` finds it.'],
};
