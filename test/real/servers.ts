// The real servers of the tests: vsftpd, proftpd, pure-ftpd, pyftpdlib, dovecot and postfix, each started on loopback and stopped again.
export { obstacles, type RealServerName, realServersRequired } from './servers/binaries.ts';
export { type DovecotOptions, type DovecotServer, startDovecot } from './servers/dovecot.ts';
export { type PostfixOptions, type PostfixServer, startPostfix } from './servers/postfix.ts';
export { isRunning, type RealServer } from './servers/process.ts';
export { type ProftpdOptions, startProftpd } from './servers/proftpd.ts';
export { type ProxyOptions, type RealProxy, startMicrosocks, startTinyproxy } from './servers/proxy.ts';
export { type PureFtpdOptions, startPureFtpd } from './servers/pure-ftpd.ts';
export { type PyftpdlibOptions, startPyftpdlib } from './servers/pyftpdlib.ts';
export { startVsftpd, type VsftpdOptions } from './servers/vsftpd.ts';
