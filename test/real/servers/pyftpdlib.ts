// pyftpdlib (Debian's python3-pyftpdlib), plain or with TLS, with one virtual user: an FTP server as programs embed it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeAccount } from './account.ts';
import { binary } from './binaries.ts';
import { type CertificateOptions, makeCertificates } from './certificates.ts';
import { freePorts, passiveRange } from './ports.ts';
import { makeFolder, type RealServer, startProcess } from './process.ts';

export interface PyftpdlibOptions extends CertificateOptions {
  /** Default: none. */
  readonly tls?: 'explicit' | 'none';
}

const SCRIPT = `
import json, sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import FTPServer

settings = json.load(open(sys.argv[1]))
authorizer = DummyAuthorizer()
authorizer.add_user(settings['user'], settings['password'], settings['root'], perm='elradfmwMT')
handler = TLS_FTPHandler if settings['tls'] else FTPHandler
handler.authorizer = authorizer
handler.passive_ports = range(settings['first'], settings['last'] + 1)
if settings['tls']:
    handler.certfile = settings['certificate']
    handler.tls_control_required = True
    handler.tls_data_required = True
FTPServer(('127.0.0.1', settings['port']), handler).serve_forever()
`;

export async function startPyftpdlib(options: PyftpdlibOptions = {}): Promise<RealServer> {
  const folder = makeFolder();
  const root = join(folder, 'root');
  mkdirSync(root);
  const certificates = await makeCertificates(folder, options);
  const { user, password } = makeAccount('deploy');
  const [port = 0] = await freePorts(1);
  const settings = {
    user,
    password,
    root,
    port,
    tls: options.tls === 'explicit',
    certificate: certificates.bundleFile,
    ...passiveRange(),
  };
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings), { mode: 0o600 });
  writeFileSync(join(folder, 'server.py'), SCRIPT);
  const running = await startProcess({
    folder,
    command: binary('/usr/bin/python3'),
    args: ['-X', 'utf8', join(folder, 'server.py'), join(folder, 'settings.json')],
    ports: [port],
  });
  return { host: 'localhost', port, user, password, caFile: certificates.caFile, root, ...running };
}
