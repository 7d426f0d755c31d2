// basic-ftp as a program: basic-ftp-client.ts up|down LOCAL REMOTE, the connection in BASIC_FTP.
import { mkdirSync, readFileSync } from 'node:fs';
import { Client } from 'basic-ftp';

interface Settings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly caFile?: string;
}

const [way, local = '', remote = ''] = process.argv.slice(2);
const { caFile, ...access } = JSON.parse(process.env.BASIC_FTP ?? '{}') as Settings;
const client = new Client();
try {
  const secure = caFile === undefined ? {} : { secure: true, secureOptions: { ca: readFileSync(caFile), host: access.host } };
  await client.access({ ...access, ...secure });
  if (way === 'up') await client.uploadFromDir(local, remote);
  else {
    mkdirSync(local, { recursive: true });
    await client.downloadToDir(local, remote);
  }
} finally {
  client.close();
}
