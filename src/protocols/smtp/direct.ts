// Delivers without a server of one's own: each recipient's domain is asked for its mail servers, and they are tried in order.
import { AppError, BrokenSessionError, MisuseError, reportOf } from '../../core/errors.ts';
import type { Endpoint } from '../net/endpoint.ts';
import { type MailHosts, mailHosts } from '../net/mail-hosts.ts';
import { parseAddress } from './address.ts';
import type { ChunkingProof } from './chunk-probe.ts';
import type { MailSource, MessageInfo, OutgoingMail, SmtpClient } from './client.ts';
import { type ConnectOptions, connectSmtp } from './connect.ts';
import type { Envelope } from './envelope.ts';
import { NO_EXTENSIONS } from './extensions.ts';
import { outcomeOf, type RecipientResult, type SendResult } from './outcome.ts';

export interface DirectOptions extends ConnectOptions {
  /** Replaced in tests. */
  readonly hosts?: MailHosts;
}

/** Opens nothing yet: what it speaks to depends on the recipients. */
export function connectDirect(endpoint: Endpoint, options: DirectOptions): SmtpClient {
  return new DirectClient(endpoint, options);
}

class DirectClient implements SmtpClient {
  readonly extensions = NO_EXTENSIONS;
  readonly technique = 'group';
  readonly #endpoint: Endpoint;
  readonly #options: DirectOptions;
  readonly #hosts: MailHosts;
  usable = true;

  constructor(endpoint: Endpoint, options: DirectOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#hosts = options.hosts ?? mailHosts();
  }

  async send(envelope: Envelope, message: AsyncIterable<Uint8Array> | Uint8Array, info: MessageInfo = {}): Promise<SendResult> {
    const domains = Map.groupBy(envelope.to, address => parseAddress(address)?.domain ?? '');
    if (domains.size > 1 && !(message instanceof Uint8Array) && info.repeatable !== true) {
      throw new MisuseError('a message for several domains must be readable more than once');
    }
    const results: RecipientResult[] = [];
    for (const [domain, to] of domains) {
      results.push(...(await this.#toDomain(domain, { envelope: { ...envelope, to }, message, info })));
    }
    const byAddress = new Map(results.map(result => [result.address, result]));
    const recipients = envelope.to.flatMap(address => byAddress.get(address) ?? []);
    return { outcome: outcomeOf(recipients), recipients };
  }

  async sendAll<M extends OutgoingMail>(
    mails: MailSource<M>,
    told: (mail: M, outcome: SendResult | Error) => void,
  ): Promise<void> {
    for (let next = await mails.next(); next.done !== true; next = await mails.next()) {
      const { envelope, message, info } = next.value;
      told(next.value, await this.send(envelope, message, info).catch((error: Error) => error));
    }
  }

  /** Each recipient's server has a limit of its own. */
  checkSize(): void {}

  async proveChunking(): Promise<ChunkingProof> {
    return 'not-offered';
  }

  async quit(): Promise<void> {
    this.usable = false;
  }

  close(): void {
    this.usable = false;
  }

  /** Never rejects but for a cancelled run: what keeps one domain from its mail says nothing about the others. */
  async #toDomain(domain: string, mail: OutgoingMail): Promise<readonly RecipientResult[]> {
    const { to } = mail.envelope;
    let reason: Error = new AppError('address-invalid', 'this is no mail address');
    try {
      if (domain === '') throw reason;
      for (const host of await this.#hosts(domain)) {
        this.#options.signal?.throwIfAborted();
        try {
          return (await this.#toHost(host, mail)).recipients;
        } catch (error) {
          reason = error as Error;
          // A server that answered has decided; one that cannot be reached has others beside it.
          if (!(error instanceof BrokenSessionError) && reportOf(error).retry === 'never') break;
        }
      }
    } catch (error) {
      reason = error as Error;
    }
    this.#options.signal?.throwIfAborted();
    const { message, retry, code } = reportOf(reason);
    const status = retry === 'never' && code !== 'host-not-found' ? 'rejected' : 'deferred';
    return to.map(address => ({ address, status, reply: message }));
  }

  /** TLS where the server offers it; in clear where its TLS does not work, as mail between servers goes. */
  async #toHost(host: string, { envelope, message, info = {} }: OutgoingMail): Promise<SendResult> {
    const { user: _, password: __, token: ___, fingerprint: ____, ...rest } = this.#endpoint;
    const endpoint = { ...rest, host, tls: 'explicit', unauthenticated: true } as const;
    const open = async () => {
      try {
        return await connectSmtp(endpoint, { ...this.#options, opportunistic: true });
      } catch (error) {
        if (!reportOf(error).code.startsWith('tls-')) throw error;
        return connectSmtp({ ...endpoint, tls: 'none' }, this.#options);
      }
    };
    const client = await open();
    try {
      const result = await client.send(envelope, message, info);
      await client.quit();
      return result;
    } finally {
      client.close();
    }
  }
}
