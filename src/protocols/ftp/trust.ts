// Whether a server may be sent several commands at once: yes until it shows that it cannot, then never again (RFC 959 section 5.4).
import type { Endpoint } from '../net/endpoint.ts';

/** Servers known to lose or mix up commands that come together (lftp knows the same). */
const KNOWN_BAD = /microsoft ftp service|madgoat|mikrotik/i;

/**
 * Servers that, after the last byte of a download, do nothing but wait for our end of the connection, and read no command before they have
 * said 226.
 */
const LINGERING = /vsftpd|proftpd/i;
/** Servers that read no command at all while a transfer runs. */
const QUEUEING = /vsftpd/i;

/** What is known of one server, shared by all its sessions. */
export class PipelineTrust {
  #lost = false;
  #asksPassword = false;
  #hasty = true;
  #lingers = false;
  #queues = false;
  #greeted = false;

  get given(): boolean {
    return !this.#lost;
  }

  /** True when it asked for a password after USER once: the next session need not wait for that question. */
  get asksPassword(): boolean {
    return this.given && this.#asksPassword;
  }

  /** False when its first data port was not to be reached: the next is asked for and tried before anything depends on it. */
  get hasty(): boolean {
    return this.#hasty;
  }

  portFailed(): void {
    this.#hasty = false;
  }

  /** True when a command may follow a download whose data has ended, though its 226 is still due. */
  get lingers(): boolean {
    return this.given && this.#lingers;
  }

  /** The same of an upload, whose end may still be under way to the server. */
  get queues(): boolean {
    return this.given && this.#queues;
  }

  lingersNot(): void {
    this.#lingers = false;
    this.#queues = false;
  }

  askedPassword(): void {
    this.#asksPassword = true;
  }

  greeted(banner: string): void {
    if (KNOWN_BAD.test(banner)) this.lose();
    if (this.#greeted) return;
    this.#greeted = true;
    this.#lingers = LINGERING.test(banner);
    this.#queues = QUEUEING.test(banner);
  }

  /** Something went wrong that would not have, one command at a time. */
  lose(): void {
    this.#lost = true;
  }
}

const known = new WeakMap<Endpoint, PipelineTrust>();

export function trustIn(endpoint: Endpoint): PipelineTrust {
  const trust = known.get(endpoint) ?? new PipelineTrust();
  known.set(endpoint, trust);
  return trust;
}
