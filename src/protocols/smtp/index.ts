// SMTP as a client: what steps and commands may use.

export { formatAddress, parseAddress, type SmtpAddress } from './address.ts';
export type { ChunkingProof } from './chunk-probe.ts';
export type { MailSource, MessageInfo, OutgoingMail, SmtpClient } from './client.ts';
export type { ConnectOptions } from './connect.ts';
export type { Envelope, Notify } from './envelope.ts';
export type { Extensions } from './extensions.ts';
export { connectSmtp } from './open.ts';
export { type Outcome, outcomeOf, type RecipientResult, type RecipientStatus, type SendResult } from './outcome.ts';
export { type PoolOptions, sendPooled } from './pool.ts';
export { rememberChunking, type ServerMemory, type Technique } from './technique.ts';
