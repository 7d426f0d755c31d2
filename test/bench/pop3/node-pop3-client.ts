// node-pop3 as a program: node-pop3-client.ts FOLDER, the connection in NODE_POP3; remembers UIDs, as a user of it would.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Pop3Command from 'node-pop3';

interface Client {
  UIDL(): Promise<[string, string][]>;
  RETR(number: string): Promise<string>;
  QUIT(): Promise<unknown>;
}

const folder = process.argv[2] ?? '.';
const { host, port, user, password, tls } = JSON.parse(process.env.NODE_POP3 ?? '{}');
const client = new (Pop3Command as unknown as new (options: object) => Client)({ host, port, user, password, tls });
const memory = join(folder, 'seen.json');
const seen = new Set<string>(existsSync(memory) ? JSON.parse(readFileSync(memory, 'utf8')) : []);
for (const [number, uid] of await client.UIDL()) {
  if (seen.has(uid)) continue;
  writeFileSync(join(folder, uid), await client.RETR(number));
  seen.add(uid);
}
await client.QUIT();
writeFileSync(memory, JSON.stringify([...seen]));
