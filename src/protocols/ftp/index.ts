// What the rest of postrider sees of FTP.
export { connectFtp, type FtpClient, type FtpClientOptions, type TransferOptions } from './client.ts';
export type { FtpFeatures } from './features.ts';
export type { HashAlgorithm } from './hash.ts';
export type { FtpEntry } from './listing/entry.ts';
