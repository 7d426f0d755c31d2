// Error codes of files: FTP, mirror, the disk, http/check and shell.
import type { Explanations } from './explanation.ts';

export const FILE_CODES: Explanations = {
  'command-failed': ['A command of the shell ended with an error.', 'The line above says which.'],
  'delete-at-root': ['`delete` would empty the root of the server.', 'Name the folder of the site as `remote`.'],
  'disk-error': ['The disk reported an error.', 'Check the disk before you run again.'],
  'disk-full': ['There is no room left on this machine.', 'Free some space and run again; nothing was lost.'],
  'download-short': ['The server sent fewer bytes than the file has.', 'postrider tries again and continues where it stopped.'],
  'file-changed': ['The file changed while it was transferred.', 'Run again when nothing writes to it.'],
  'file-denied': ['This user may not read or write that file or folder.', 'Check its owner and mode (ls -ld).'],
  'file-error': ['The system could not do something with a file.', 'Its words stand in the message.'],
  'file-in-the-way': ['A file stands where a folder is wanted, or the reverse.', 'Move it away or choose another path.'],
  'file-missing': ['There is no such file or folder on this machine.', 'Relative paths start at the job’s `workdir`.'],
  'folder-left': ['The FTP server changed the folder by itself.', 'Run again; show the operator the transcript if it stays.'],
  'folder-missing': ['A folder is missing on the server.', 'Make it, or correct `remote`.'],
  'hash-mismatch': [
    'The file has another checksum after its transfer.',
    'It was not given its name; postrider transfers it again.',
  ],
  'hash-unavailable': ['The server makes no checksums that are known here.', 'Use `compare: time-size` and `verify: size`.'],
  'is-folder': ['That is a folder.', 'Use `ftp mirror`, or `--recursive`.'],
  'listing-refused': [
    'The server would not list a folder, so it is not known what is in it, and nothing is deleted.',
    'Check the permissions of the folder on the server.',
  ],
  'listing-too-long': [
    'A listing is longer than any true one.',
    'Split the folder or the mailbox; 200,000 entries of a folder, or 1,000,000 messages, are the limit.',
  ],
  'listing-truncated': [
    'The server says that its listing was cut short, so nothing is deleted by it.',
    'pure-ftpd: raise LimitRecursion; else split the folder.',
  ],
  'listing-unreadable': ['The server lists files in a form that is not known.', 'Show us the listing (`ftp ls --transcript`).'],
  'lock-lost': [
    'Another mirror took over the lock on the server while this one ran.',
    'Let only one run at a time; look for a second scheduler.',
  ],
  'manifest-newer': ['A newer version of postrider wrote the manifest on the server.', 'Install that version or a later one.'],
  'manifest-unreadable': [
    'The manifest of what was deployed cannot be read.',
    'Run once with `compare: time-size`; it is made anew.',
  ],
  'mirror-incomplete': ['Some files could not be transferred; the rest was.', 'The notes above say which and why; run again.'],
  'mirror-locked': ['Another mirror works on the same folder.', 'Wait for it; a lock that was left behind runs out by itself.'],
  'mode-refused': ['The server would not change permissions (SITE CHMOD).', 'Remove `chmod`; not every server can.'],
  'name-changed': [
    'The server stored a file under another name than it was told (other characters or case).',
    'Rename the file, or set `encoding`.',
  ],
  'name-too-long': ['A name is longer than the disk or the server allows.', 'Choose a shorter one.'],
  'name-unencodable': [
    'A name has characters that the server’s `encoding` has not.',
    'Rename the file, or use a server with UTF-8.',
  ],
  'name-unsendable': ['A name holds a line end or NUL, which FTP cannot carry.', 'Rename the file.'],
  'not-a-folder': ['`local` is not a folder.', 'Correct the path.'],
  'open-failed': ['The browser could not be opened.', 'Open the file or address that the message names yourself.'],
  'path-missing': [
    'There is no such file or folder on the server.',
    'Paths start at the folder of the login; `ftp ls` shows it.',
  ],
  'quote-refused': [
    'This command may not be sent by `quote`: it would break the session.',
    'Use the command of the shell for it.',
  ],
  'server-full': ['There is no room left on the server, or its quota is used up.', 'Free some space there.'],
  'size-mismatch': ['A file has another size after its transfer.', 'It was not given its name; postrider transfers it again.'],
  'source-empty': [
    'The source is empty, and `delete` would empty the target, too.',
    'Check the path; if you mean it: `allow-empty: true`.',
  ],
  'symlink-found': ['There is a symbolic link and `symlinks: error`.', 'Remove it, or write `symlinks: skip` or `follow`.'],
  'too-many-deletes': [
    'More would be deleted than `max-delete` allows.',
    '`postrider plan JOB` lists it; raise `max-delete` if you mean it.',
  ],
  'too-many-files': ['The system has no more files to open.', 'Raise the limit (ulimit -n) or lower `parallel`.'],
  'too-many-matches': ['A pattern matches more files than one command takes.', 'Write a narrower one, or use `ftp mirror`.'],
  'transfer-cut': ['The transfer was cut in the middle.', 'postrider tries again and continues where it stopped.'],
  'tree-too-large': ['The tree has more files or is deeper than the limit.', 'Mirror its parts one by one.'],
  'unsafe-path': [
    'The server named a path that would leave the folder, so it is not touched.',
    'Do not trust that server; nothing was written.',
  ],
  'upload-vanished': [
    'A file that was uploaded is not there any more when it should get its name.',
    'Something else deletes on the server; run again.',
  ],
  'rename-refused': [
    'A file in a new folder is there, but the server lets neither the folder nor the file have its name.',
    'Ask the provider for the right to rename, or write `atomic: false`.',
  ],
  conflict: ['A file stands where a folder belongs, or the reverse.', 'Rename one of the two.'],
  closed: ['The work was ended while it waited for a session.', 'Run again.'],
  'http-content': ['The page does not contain what is expected.', 'Open the address in a browser; correct `contains`.'],
  'http-status': ['The page answered with another status.', 'Open the address in a browser; `status` says what is good.'],
  'http-timed-out': ['The page did not come in time.', 'Raise `timeout`, or find out why the server is slow.'],
  'http-unreachable': [
    'The web server cannot be reached, or its certificate is not trusted.',
    'Check the address; a private authority is trusted by NODE_EXTRA_CA_CERTS=FILE.',
  ],
  'shell-failed': [
    'The script ended with another exit code than 0.',
    'Its output stands above and in `postrider logs RUN`. One that is to be tried again says `repeatable: true` and ends with 75.',
  ],
  'shell-output': [
    'The file $POSTRIDER_OUTPUT cannot be read as outputs.',
    'Write lines NAME=VALUE, or NAME<<END … END for several lines.',
  ],
};
