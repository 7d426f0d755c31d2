// Which of the system's certificates are trusted besides Node's own: those beyond them, however often they lie there.
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { expect, it } from 'vitest';
import { systemCertificates } from '../../../src/protocols/net/system-certificates.ts';
import { tempDir } from '../../support/temp-dir.ts';

const authority = (name: string) => `-----BEGIN CERTIFICATE-----\n${btoa(name)}\n-----END CERTIFICATE-----`;

it('takes what Node does not ship from the folder and the file, each once, whatever else lies there', async () => {
  const temp = await tempDir();
  const [ours, theirs] = [authority('ours'), authority('theirs')];
  const [folder, nowhere] = [join(temp.path, 'certs'), join(temp.path, 'nowhere')];
  await mkdir(join(folder, 'java'), { recursive: true });
  await writeFile(join(folder, 'all.crt'), `# a remark\n${rootCertificates.slice(0, 3).join('\n')}\n${ours}\n`);
  await writeFile(join(folder, 'ours.pem'), ours.replaceAll('\n', '\r\n'));
  await writeFile(join(folder, 'broken.pem'), '-----BEGIN CERTIFICATE-----\nnothing');
  await symlink('ours.pem', join(folder, '0123abcd.0'));
  await symlink(nowhere, join(folder, 'gone.pem'));
  await writeFile(join(temp.path, 'elsewhere.pem'), theirs);
  await symlink(join(temp.path, 'elsewhere.pem'), join(folder, '4567cdef.0'));
  const lines = (pem: string) => pem.replaceAll('\r', '');
  expect(
    systemCertificates({ file: nowhere, folders: [nowhere, folder], bundled: [] })
      .map(lines)
      .sort(),
  ).toEqual([ours, theirs].map(lines).sort());
  expect(systemCertificates({ file: join(folder, 'all.crt'), folders: [], bundled: [] })).toEqual([ours]);
  expect(systemCertificates({ file: nowhere, folders: [nowhere], bundled: [] })).toEqual([]);
  await temp.remove();
});

it('reads none again that is in the bundle beside it, where there is one; others that are linked to, it does', async () => {
  const temp = await tempDir();
  const [ours, theirs] = [authority('ours'), authority('theirs')];
  const [folder, source] = [join(temp.path, 'certs'), join(temp.path, 'share')];
  await Promise.all([mkdir(folder), mkdir(source)]);
  await writeFile(join(source, 'ours.crt'), ours);
  await writeFile(join(temp.path, 'theirs.pem'), theirs);
  await symlink(join(source, 'ours.crt'), join(folder, 'ours.pem'));
  await symlink(join(temp.path, 'theirs.pem'), join(folder, 'theirs.pem'));
  const found = () => systemCertificates({ file: join(temp.path, 'nowhere'), folders: [folder], bundled: [`${source}/`] }).sort();
  expect(found()).toEqual([ours, theirs]);
  await writeFile(join(folder, 'ca-certificates.crt'), authority('bundled'));
  expect(found()).toEqual([theirs, authority('bundled')].sort());
  await temp.remove();
});
