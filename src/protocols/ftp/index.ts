// What the rest of postrider sees of FTP.
export { connectFtp, type FtpClientOptions } from './client.ts';
export type { FtpClient, Source, TransferOptions } from './contract.ts';
export type { FtpFeatures } from './features.ts';
export type { HashAlgorithm } from './hash.ts';
export type { FtpEntry } from './listing/entry.ts';
export type { Equipment, Equipped } from './soon.ts';
