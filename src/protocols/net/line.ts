// A socket of Node for data connections that go one way, which is connected again once it has closed: a mirror makes thousands of
// connections, and to set a socket up takes longer than to connect it.
import { Socket, type SocketConstructorOpts } from 'node:net';

/** Whose connection it is, until it is given up. None of these must throw. */
export interface LineUser {
  connected(): void;
  /** Where the next bytes are to be put. */
  readonly room: Buffer;
  /** So many bytes have been put there; false makes the socket stop reading. */
  received(bytes: number): boolean;
  ended(): void;
  drained(): void;
  broken(error: Error): void;
}

export class Line {
  readonly socket: Socket;
  readonly isSending: boolean;
  #user: LineUser | undefined;
  #isClosed = true;

  constructor(isSending: boolean) {
    this.isSending = isSending;
    const onread = { buffer: () => this.#user?.room, callback: (bytes: number) => this.#user?.received(bytes) };
    // What Node knows to go one way, it does not listen to the other way, and closes at the end.
    const socket = new Socket((isSending ? { readable: false } : { writable: false, onread }) as SocketConstructorOpts);
    this.socket = socket;
    socket.on('connect', () => this.#user?.connected());
    socket.on('error', error => this.#user?.broken(error));
    socket.on('close', () => {
      this.#isClosed = true;
    });
    if (isSending) socket.on('drain', () => this.#user?.drained());
    else socket.on('end', () => this.#user?.ended());
  }

  /** Nobody has it, and Node lets it be connected again, which is once it has said 'close'. */
  get isFree(): boolean {
    return this.#isClosed && this.#user === undefined;
  }

  /** Only while it is free. */
  connect(host: string, port: number, user: LineUser): void {
    this.#isClosed = false;
    this.#user = user;
    this.socket.connect({ host, port });
  }

  /** Its user hears nothing more. */
  hangUp(): void {
    this.#user = undefined;
    this.socket.destroy();
  }

  /** The same, with a reset where there is a connection. */
  reset(): void {
    this.#user = undefined;
    if (this.socket.connecting || this.socket.destroyed) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }
}
