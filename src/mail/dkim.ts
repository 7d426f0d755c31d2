// Signs a mail so that its domain can be held to it (RFC 6376); nodemailer makes the signature.
import DKIM from 'nodemailer/lib/dkim';
import { AppError } from '../core/errors.ts';

export interface DkimSignature {
  readonly domain: string;
  readonly selector: string;
  /** PEM of the private key. */
  readonly privateKey: string;
}

/** The whole is kept in memory, since the signature over the body stands above it. */
const SIGNED_BYTES_MAX = 64 * 1024 ** 2;

/** Throws AppError `dkim-key-invalid`, `message-too-big`. */
export async function signMail(chunks: AsyncIterable<Buffer>, { domain, selector, privateKey }: DkimSignature): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > SIGNED_BYTES_MAX)
      throw new AppError('message-too-big', 'the mail is too big to be signed', { hint: 'Attach less.' });
    parts.push(Buffer.from(chunk));
  }
  const signer = new DKIM({ domainName: domain, keySelector: selector, privateKey });
  try {
    const signed: Buffer[] = [];
    for await (const chunk of signer.sign(Buffer.concat(parts)) as AsyncIterable<Buffer>) signed.push(chunk);
    const mail = Buffer.concat(signed);
    if (!mail.subarray(0, 15).toString('latin1').startsWith('DKIM-Signature:')) throw new Error('nothing was signed');
    return mail;
  } catch (cause) {
    throw new AppError('dkim-key-invalid', `the DKIM key for ${domain} cannot be used`, {
      hint: 'It must be a private key in PEM form (RSA or Ed25519); store it again with `postrider secret set`.',
      cause,
    });
  }
}
