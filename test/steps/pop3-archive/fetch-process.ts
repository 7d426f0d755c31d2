// A process that archives a mailbox and kills itself, with SIGKILL, just before its N-th step: fetch-process.ts FOLDER PORT N.
// A step is an operation on a file, a write to the server or a read from it. On success it prints how many there were.
import { type ArchiveFile, type ArchiveFiles, nodeFiles } from '../../../src/archive/index.ts';
import { Secret } from '../../../src/core/secret.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import type { ControlTransport } from '../../../src/protocols/net/transport.ts';
import { run } from '../../../src/steps/pop3-archive/run.ts';
import { SMALL_STEPS } from './campaign.ts';
import { configOf, contextOf } from './context.ts';

const [folder = '', port = '', dieAt = ''] = process.argv.slice(2);
let steps = 0;

function step(): void {
  steps += 1;
  if (steps === Number(dieAt)) process.kill(process.pid, 'SIGKILL');
}

/** Every method of it counts. */
function counted<T extends object>(target: T): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name, object);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        step();
        return value.apply(object, args);
      };
    },
  });
}

const open = async (path: string, mode: 'read' | 'write' | 'create'): Promise<ArchiveFile | undefined> => {
  step();
  const file = await nodeFiles.open(path, mode as 'read');
  return file === undefined ? undefined : counted(file);
};
const files: ArchiveFiles = { ...counted(nodeFiles), open: open as ArchiveFiles['open'] };
for (const name of ['makeFolder', 'syncFolder', 'list', 'exists', 'rename', 'remove'] as const) {
  Object.assign(files, { [name]: counted(nodeFiles)[name] });
}

const endpoint = {
  name: 'inbox',
  type: 'pop3',
  host: '127.0.0.1',
  port: Number(port),
  tls: 'none',
  user: 'me',
  password: new Secret('geheim!'),
  timeoutMs: 60_000,
} as const;
const context = contextOf({ endpoint: () => endpoint }, folder);
const dialled: typeof dial = async (to, options) => counted<ControlTransport>(await dial(to, options));
const outputs = await run(configOf({ delete: 'after-archive' }), { ...context, dial: dialled }, { files, ...SMALL_STEPS });
console.log(JSON.stringify({ steps, outputs }));
