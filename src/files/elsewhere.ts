// Questions to the disk that wait in other threads, for what runs at every start: node:fs/promises would make ready first all that reads
// lines and watches folders.
import { lstat as askLstat, mkdir as askMkdir, readdir as askReaddir, realpath as askRealpath, stat as askStat } from 'node:fs';
import { promisify } from 'node:util';

export const lstat = promisify(askLstat);
export const mkdir = promisify(askMkdir);
export const readdir = promisify(askReaddir);
export const realpath = promisify(askRealpath.native);
export const stat = promisify(askStat);
