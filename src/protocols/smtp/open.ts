// Opens the way that a connection names: over its server, or directly to those of the recipients.
import type { Endpoint } from '../net/endpoint.ts';
import type { SmtpClient } from './client.ts';
import { type ConnectOptions, connectSmtp as connectServer } from './connect.ts';
import { connectDirect } from './direct.ts';

/** Rejects with AppError; the connection is closed then. */
export async function connectSmtp(endpoint: Endpoint, options: ConnectOptions): Promise<SmtpClient> {
  return endpoint.delivery === 'direct' ? connectDirect(endpoint, options) : connectServer(endpoint, options);
}
