// Reading a local file: the same bytes whether they are read at once or handed over, and turns for the network in between.
import { constants, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LocalFile } from '../../../src/steps/ftp-mirror/local-file.ts';
import { inTempDir } from '../../support/cli.ts';

it('reads large pieces to the end of the file, and the event loop turns meanwhile', () =>
  inTempDir(async dir => {
    const path = join(dir, 'large');
    const content = Buffer.alloc(21 * 1024 * 1024 + 7, 'what lies here, again and again; ');
    writeFileSync(path, content);
    const file = LocalFile.open(path, constants.O_RDONLY);
    let turns = 0;
    let reading = true;
    const turn = () => {
      turns += 1;
      if (reading) setImmediate(turn);
    };
    setImmediate(turn);
    const piece = Buffer.alloc(512 * 1024);
    const read: Buffer[] = [];
    let position = 0;
    for (let bytes = -1; bytes !== 0; position += bytes) {
      bytes = (await file.read(piece, 0, piece.length, position)).bytesRead;
      read.push(Buffer.from(piece.subarray(0, bytes)));
    }
    reading = false;
    file.close();
    expect(Buffer.concat(read).equals(content)).toBe(true);
    expect(turns).toBeGreaterThanOrEqual(5);
  }));
