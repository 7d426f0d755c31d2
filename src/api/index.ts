// What `import … from 'postrider'` gives: the protocol clients and their errors. Semantic versioning covers these names and their types.
export { AppError, BrokenSessionError, RefusedError } from '../core/errors.ts';
export type { FtpEntry, FtpFeatures, TransferOptions } from '../protocols/ftp/index.ts';
export type { Capabilities, Listing, Retrieved, Stat, Wanted, Window } from '../protocols/pop3/index.ts';
export type {
  Envelope,
  Extensions,
  MessageInfo,
  Outcome,
  RecipientResult,
  RecipientStatus,
  SendResult,
} from '../protocols/smtp/index.ts';
export { type ConnectOptions, FtpClient, Pop3Client, SmtpClient } from './clients.ts';
