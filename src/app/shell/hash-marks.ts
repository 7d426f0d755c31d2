// One `#` for so many bytes, as FTP clients have always done; or the progress bar where hash is off.
import { formatSize } from '../../core/units.ts';
import type { TransferProgress } from '../ftp/progress.ts';
import type { ShellSession } from './shell-session.ts';

export function progressOf({ settings, io }: ShellSession): TransferProgress {
  return settings.hashBytes === 0 ? io.progress : hashMarks(settings.hashBytes, io.write);
}

function hashMarks(each: number, write: (text: string) => void): TransferProgress {
  let [marks, position, name] = [0, 0, ''];
  return {
    begin(file) {
      [marks, position, name] = [0, 0, file];
    },
    at(bytes) {
      position = bytes;
      const due = Math.floor(bytes / each) - marks;
      if (due > 0) write('#'.repeat(due));
      marks += Math.max(0, due);
    },
    end: () => write(`${marks > 0 ? '\n' : ''}${name}  ${formatSize(position)}\n`),
  };
}
