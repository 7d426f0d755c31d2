// What a refusal comes to when the folder is not there: told by entering it, and only where that can be told.
import { expect, test } from 'vitest';
import { intoFolderOf } from '../../../src/app/ftp/missing-folder.ts';
import { AppError, RefusedError } from '../../../src/core/errors.ts';
import type { FtpClient } from '../../../src/protocols/ftp/index.ts';

function refusal(code: string, replyCode: string, replyText: string): RefusedError {
  return new RefusedError(code, replyText, { command: 'STOR x', replyCode, replyText }, { retry: 'later' });
}

const NO_FOLDER = refusal('path-missing', '550', 'Failed to change directory.');
const TOO_LONG = new AppError('listing-too-long', 'too long');

function clientThat(lists: AppError | undefined, usable = true): { readonly asked: string[]; readonly client: FtpClient } {
  const asked: string[] = [];
  const list = async (folder: string) => {
    asked.push(folder);
    if (lists !== undefined) throw lists;
    return [];
  };
  return { asked, client: { usable, list } as unknown as FtpClient };
}

const thrown = (client: FtpClient, path: string, error: AppError): Promise<unknown> =>
  intoFolderOf(client, path, () => Promise.reject(error)).catch(said => said);

test.each([
  refusal('name-refused', '553', 'Could not create file.'),
  refusal('server-busy', '451', 'Rename/move failure: No such file or directory'),
])('%s becomes what it is, and never worth another try', async error => {
  const { asked, client } = clientThat(NO_FOLDER);
  const said = await thrown(client, 'a/b/c.txt', error);
  const { replyCode, replyText } = error.refusal;
  expect(said).toMatchObject({ code: 'folder-missing', retry: 'never', hint: expect.stringContaining('ftp mkdir --parents') });
  expect(said).toMatchObject({ message: `a/b: there is no such folder on the server (${replyCode} ${replyText})` });
  expect(asked).toEqual(['a/b']);
});

test.each([
  ['the folder is there', 'a/c.txt', clientThat(undefined)],
  ['nobody can tell', 'a/c.txt', clientThat(TOO_LONG)],
  ['the session is dead', 'a/c.txt', clientThat(NO_FOLDER, false)],
  ['it is the folder of the login', 'c.txt', clientThat(NO_FOLDER)],
  ['it is the root', '/c.txt', clientThat(NO_FOLDER)],
])('a refusal stays what it was where %s', async (_, path, { client }) => {
  const error = refusal('name-refused', '553', 'Could not create file.');
  expect(await thrown(client, path, error)).toBe(error);
});

test('what was no refusal asks nothing', async () => {
  const { asked, client } = clientThat(NO_FOLDER);
  expect(await thrown(client, 'a/c.txt', TOO_LONG)).toBe(TOO_LONG);
  expect(await intoFolderOf(client, 'a/c.txt', async () => 7)).toBe(7);
  expect(asked).toEqual([]);
});
