// The process behind server.ts: dovecot with the mails of a workload; says on one line how to reach it, stops when stdin ends.
import { startDovecot } from '../../real/servers.ts';
import { mailsOf, type Workload } from './mailbox.ts';

const [workload = '{}', address = '127.0.0.1'] = process.argv.slice(2);
const running = await startDovecot({ address, names: ['localhost', address], extra: ['mail_max_userip_connections = 50'] });
for (const mail of mailsOf(JSON.parse(workload) as Workload)) running.deliver(mail);
const { port, user, password, caFile } = running;
console.log(JSON.stringify({ host: address === '127.0.0.1' ? 'localhost' : address, port, user, password, caFile }));
process.stdin.resume().once('end', () => void running.stop());
