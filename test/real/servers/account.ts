// A user for one server: a random password and its hash.
import { randomBytes } from 'node:crypto';
import { execFileSync } from '../../support/sync-child.ts';

export interface Account {
  readonly user: string;
  readonly password: string;
  /** SHA-512 crypt(3), which vsftpd's PAM module, proftpd and pure-ftpd all check in milliseconds. */
  readonly hash: string;
}

export function makeAccount(user: string): Account {
  const password = randomBytes(12).toString('base64url');
  const hash = execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: `${password}\n`, encoding: 'utf8' }).trim();
  return { user, password, hash };
}
