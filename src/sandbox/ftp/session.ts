// What one FTP control connection remembers between its commands.
import { assert } from '../../core/assert.ts';
import type { ServerTransport } from '../../protocols/net/listener.ts';
import type { Connection } from '../connection.ts';
import { Refusal } from '../refusal.ts';
import type { ServiceOptions } from '../service-options.ts';
import { type DataSettings, dialForData, listenForData, type PreparedData } from './data-channel.ts';
import { FACTS, type Fact } from './listing.ts';
import type { Site } from './site.ts';

export class FtpSession {
  readonly connection: Connection;
  readonly options: ServiceOptions;
  readonly site: Site;
  user: string | undefined;
  signedIn = false;
  failedSignIns = 0;
  cwd = '/';
  type: 'A' | 'I' = 'A';
  facts: ReadonlySet<Fact> = new Set(FACTS);
  /** PBSZ was said: PROT may follow (RFC 2228 section 3). */
  bufferSized = false;
  privateData = false;
  /** EPSV ALL was said: nothing else may open a data connection (RFC 2428 section 4). */
  onlyEpsv = false;
  /** From REST, for the next transfer alone. */
  restAt = 0;
  /** From RNFR, for the next command alone. */
  renameFrom: string | undefined;
  /** The control connection ends after this reply. */
  closing = false;
  #data: PreparedData | undefined;
  readonly #leaving = new Set<ServerTransport>();

  constructor(connection: Connection, options: ServiceOptions, site: Site) {
    this.connection = connection;
    this.options = options;
    this.site = site;
  }

  /** Forgets the sign-in, as AUTH and a new USER do (RFC 4217 section 4). */
  signOut(): void {
    this.user = undefined;
    this.signedIn = false;
  }

  async prepareListening(): Promise<number> {
    this.dropData();
    this.#data = await listenForData(this.#dataSettings());
    return this.#data.port;
  }

  prepareDialing(port: number): void {
    this.dropData();
    this.#data = dialForData(this.#dataSettings(), port);
  }

  /** Refuses a transfer that has nowhere to go, before it touches any file. */
  demandData(): void {
    const data = this.#data;
    if (data === undefined) throw new Refusal('425 Use EPSV, PASV, EPRT or PORT first.');
    if (data.secure !== this.privateData) {
      this.dropData();
      throw new Refusal('425 PROT changed since the data connection was prepared.');
    }
  }

  /** The prepared data connection, once. */
  takeData(): PreparedData {
    const data = this.#data;
    assert(data !== undefined, 'demandData() comes before takeData()');
    this.#data = undefined;
    return data;
  }

  /** After our end the client's is awaited, so that no reset overtakes the last bytes; at the latest the session's end closes it. */
  letGo(transport: ServerTransport): void {
    this.#leaving.add(transport);
    void readToEnd(transport).finally(() => {
      transport.close();
      this.#leaving.delete(transport);
    });
  }

  /** The control connection is over. */
  close(): void {
    this.dropData();
    for (const transport of this.#leaving) transport.close();
  }

  dropData(): void {
    this.#data?.close();
    this.#data = undefined;
  }

  #dataSettings(): DataSettings {
    return {
      clock: this.options.clock,
      latencyMs: this.options.latencyMs ?? 0,
      local: this.connection.local.address,
      peer: this.connection.remote.address,
      tls: this.privateData ? this.options.tls : undefined,
    };
  }
}

async function readToEnd(transport: ServerTransport): Promise<void> {
  try {
    while ((await transport.read()) !== undefined);
  } catch {
    // The client cut it: nothing is left to wait for.
  }
}

/** One row of the command table. */
export interface FtpCommand {
  /** Refused with 530 before sign-in. */
  readonly signedIn: boolean;
  readonly argument: 'none' | 'optional' | 'required';
  /** Does the work and returns the final reply; a thrown Refusal or file error becomes one. */
  readonly run: (session: FtpSession, argument: string) => Promise<string> | string;
}

export type FtpCommands = Readonly<Record<string, FtpCommand>>;
