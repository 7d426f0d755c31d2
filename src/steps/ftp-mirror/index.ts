// The step type ftp/mirror, over the real FTP client.
import { connectFtp } from '../../protocols/ftp/index.ts';
import { createFtpMirror } from './mirror.ts';

export { createFtpMirror } from './mirror.ts';

export const ftpMirror = createFtpMirror({ connect: connectFtp });
