// Files that change, are answered for late, or are larger than 32 bits count, and a plan that only looks: through the fake and through the sandbox.
import { appendFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { open, readdir, readFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FakeServer } from './fake-server.ts';
import { makeRig, read, write } from './rig.ts';
import { sandboxRig } from './sandbox-rig.ts';

const up = { direction: 'upload', parallel: 1 };

describe('a source that changes while it is sent', () => {
  const CHANGES: Record<string, (path: string) => void> = {
    grows: path => appendFileSync(path, ' and more'),
    shrinks: path => truncateSync(path, 3),
    vanishes: path => rmSync(path),
    'is replaced by one of the same size': path => {
      writeFileSync(`${path}.new`, 'FIRST CONTENT');
      renameSync(`${path}.new`, path);
    },
  };

  test.each(Object.entries(CHANGES))('%s: the old file stays, the next run makes it equal', async (_, change) => {
    const server = new FakeServer().put('/www/a', 'old');
    const rig = await makeRig(server);
    await write(rig.site, { a: 'first content', b: 'fine' });
    let done = false;
    server.before = what => {
      if (done || !what.startsWith('data /www/.postrider') || what.includes('lock')) return;
      done = true;
      change(join(rig.site, 'a'));
    };
    await expect(rig.run(up)).rejects.toMatchObject({ code: 'mirror-incomplete' });
    expect(server.content('/www')).toMatchObject({ a: 'old' });
    await rig.run({ ...up, delete: true });
    expect(server.content('/www')).toEqual(await read(rig.site));
    expect(server.temps()).toEqual([]);
  });
});

test('a server that tells the size a moment late is asked once more before anything is sent again', async () => {
  const server = new FakeServer();
  const rig = await makeRig(server);
  await write(rig.site, { a: 'whole content' });
  const hidden = new Map<string, Buffer>();
  server.before = what => {
    const file = server.files.get(what.slice(5));
    if (!what.startsWith('SIZE ') || file === undefined) return;
    const held = hidden.get(what);
    if (held === undefined) hidden.set(what, file.data);
    file.data = held ?? Buffer.alloc(0);
  };
  expect(await rig.run(up)).toMatchObject({ uploaded: 1, failed: 0 });
  expect(server.content('/www')).toEqual({ a: 'whole content' });
  expect(server.log.filter(what => what.startsWith('STOR'))).toHaveLength(1);
});

describe('a plan', () => {
  /** What only looks: RFC 959, 2389, 3659. */
  const LOOKS =
    /^(USER|PASS|SYST|FEAT|OPTS|TYPE|MODE|STRU|CWD|CDUP|PWD|EPSV|PASV|REST 0$|MLSD|MLST|LIST|NLST|STAT|SIZE|MDTM|NOOP|QUIT|CLNT|HELP|XSHA|HASH|RANG)/;

  test.each(['upload', 'download'])('of an %s with everything to do sends nothing that changes anything', async direction => {
    const { rig, www, said } = await sandboxRig();
    const [from, to] = direction === 'upload' ? [rig.site, www] : [www, rig.site];
    await write(from, { new: 'n', changed: 'longer', 'folder/in': 'x', swap: 'file' });
    await write(to, { changed: 'old', extraneous: 'e', 'swap/in': 'folder' });
    const config = { direction, delete: true, chmod: { files: '644' } };
    const before = [await read(www), await read(rig.site)];
    await rig.preview(config);
    expect(said.filter(line => !LOOKS.test(line) && !(direction === 'download' && line.startsWith('RETR')))).toEqual([]);
    expect(said.length).toBeGreaterThan(3);
    expect([await read(www), await read(rig.site)]).toEqual(before);
    await rig.run(config);
    expect(said.some(line => !LOOKS.test(line))).toBe(true);
  });
});

describe('a file of more than 4 GiB, interrupted near its end, goes on behind what came', () => {
  const END = 2 ** 32 + 1_000_000;
  const LEFT = 1_000;

  test.each(['upload', 'download'])('%s', { timeout: 60_000 }, async direction => {
    const { rig, www, said, calm } = await sandboxRig(['ftp:data#*@1MB=cut']);
    const [from, to] = direction === 'upload' ? [rig.site, www] : [www, rig.site];
    const file = await open(join(from, 'disk.img'), 'w');
    await file.truncate(END);
    await file.write('the end', END - 7);
    await file.close();
    await expect(rig.run({ direction, parallel: 1 })).rejects.toMatchObject({ retry: 'reconnect' });
    const [part = ''] = (await readdir(to)).filter(name => name.endsWith('.part'));
    await truncate(join(to, part), END - LEFT);
    calm();
    said.length = 0;
    expect(await rig.run({ direction, parallel: 1 })).toMatchObject({ bytes: LEFT, failed: 0 });
    const place = said.filter(line => /^(REST [1-9]|APPE)/.test(line));
    expect(place).toEqual([`REST ${END - LEFT}`]);
    expect((await stat(join(to, 'disk.img'))).size).toBe(END);
    const tail = await open(join(to, 'disk.img'));
    const { buffer } = await tail.read(Buffer.alloc(7), 0, 7, END - 7);
    await tail.close();
    expect(buffer.toString()).toBe('the end');
    expect((await readdir(to)).filter(name => name.startsWith('.postrider'))).toEqual([]);
  });
});

test('a file with holes arrives as the zeros that are read from it', async () => {
  const { rig, www } = await sandboxRig();
  const file = await open(join(rig.site, 'sparse'), 'w');
  await file.truncate(1_000_000);
  await file.close();
  expect(await rig.run(up)).toMatchObject({ uploaded: 1, bytes: 1_000_000 });
  expect((await readFile(join(www, 'sparse'))).equals(Buffer.alloc(1_000_000))).toBe(true);
});
