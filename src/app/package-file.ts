// Files that come with the program, such as the example jobs, wherever its code has been put together.
import { existsSync } from 'node:fs';

/** @param path from the folder of package.json, as `jobs/demo.yaml` */
export function packageFile(path: string): URL {
  let folder = new URL('.', import.meta.url);
  while (!existsSync(new URL('package.json', folder)) && folder.pathname !== '/') folder = new URL('..', folder);
  return new URL(path, folder);
}
