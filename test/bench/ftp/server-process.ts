// The process behind server.ts: starts the server named by its arguments, says on one line how to reach it, stops it when stdin ends.
import { startProftpd, startPureFtpd, startVsftpd } from '../../real/servers.ts';
import type { ServerName, Tls } from './options.ts';

const [server, way, address = '127.0.0.1'] = process.argv.slice(2) as [ServerName, Tls, string];
const tls = way === 'ftps' ? 'explicit' : 'none';
const names = ['localhost', address];

/** Nothing that slows a server down and that its administrator would not have switched on. */
const running = await start();
const { port, user, password, caFile, root } = running;
const host = address === '127.0.0.1' ? 'localhost' : address;
console.log(JSON.stringify({ host, port, user, password, caFile, root }));
process.stdin.resume().once('end', () => void running.stop());

function start() {
  switch (server) {
    case 'vsftpd':
      return startVsftpd({ tls, address, names, extra: ['log_ftp_protocol=NO', 'debug_ssl=NO', 'xferlog_enable=NO'] });
    case 'proftpd':
      return startProftpd({ tls, address, names, extra: ['MaxInstances 100'] });
    case 'pure-ftpd':
      return startPureFtpd({ tls, address, names });
  }
}
