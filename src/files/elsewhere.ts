// Questions to the disk that wait in other threads, for what runs at every start: node:fs/promises would make ready first all that reads
// lines and watches folders.
import * as fs from 'node:fs';
import { promisify } from 'node:util';

export const lstat = promisify(fs.lstat);
export const mkdir = promisify(fs.mkdir);
export const readdir = promisify(fs.readdir);
export const realpath = promisify(fs.realpath.native);
export const stat = promisify(fs.stat);
