// A client of a few lines, independent of ours: sends what it is told, hands back what came.
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';

export class LineClient {
  #socket: Socket;
  #received = Buffer.alloc(0);
  #over = false;
  /** Sizes of the chunks as they came. */
  readonly chunks: number[] = [];
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  static async connect(port: number, caFile?: string): Promise<LineClient> {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const client = new LineClient(socket);
    if (caFile !== undefined) await client.startTls(caFile);
    return client;
  }

  async startTls(caFile: string): Promise<void> {
    this.#socket.removeAllListeners();
    const secured = tlsConnect({ socket: this.#socket, host: 'localhost', servername: 'localhost', ca: readFileSync(caFile) });
    await new Promise((resolve, reject) => secured.once('secureConnect', resolve).once('error', reject));
    secured.removeAllListeners('error');
    this.#socket = secured;
    this.#listen();
  }

  send(text: string | Buffer): void {
    this.#socket.write(text);
  }

  /** Sends lines and returns the reply to the last. */
  async say(...lines: string[]): Promise<string> {
    for (const line of lines.slice(0, -1)) {
      this.send(`${line}\r\n`);
      await this.reply();
    }
    this.send(`${lines.at(-1)}\r\n`);
    return this.reply();
  }

  async line(): Promise<string> {
    for (;;) {
      const end = this.#received.indexOf('\r\n');
      if (end !== -1) {
        const line = this.#received.subarray(0, end).toString('utf8');
        this.#received = this.#received.subarray(end + 2);
        return line;
      }
      if (this.#over) throw new Error(`the connection ended after ${JSON.stringify(this.#received.toString('latin1'))}`);
      await this.#more();
    }
  }

  /** A whole FTP or SMTP reply, lines joined by `\n`; a POP3 status line. */
  async reply(): Promise<string> {
    const lines = [await this.line()];
    const code = /^(\d{3})-/.exec(lines[0] ?? '')?.[1];
    while (code !== undefined && !(lines.at(-1) ?? '').startsWith(`${code} `)) lines.push(await this.line());
    return lines.join('\n');
  }

  /** The lines up to a lone dot, still stuffed. */
  async dotted(): Promise<string[]> {
    const lines: string[] = [];
    for (let line = await this.line(); line !== '.'; line = await this.line()) lines.push(line);
    return lines;
  }

  /** Everything until the server ends or cuts. */
  async rest(): Promise<Buffer> {
    while (!this.#over) await this.#more();
    return this.#received;
  }

  /** Ends our side; the server's may go on. */
  end(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Cuts the connection: the server sees a reset. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  #listen(): void {
    const finish = () => {
      this.#over = true;
      this.#wake();
    };
    this.#socket
      .on('data', chunk => {
        this.chunks.push(chunk.length);
        this.#received = Buffer.concat([this.#received, chunk as Buffer]);
        this.#wake();
      })
      .on('end', finish)
      .on('close', finish)
      .on('error', finish);
  }

  #more(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = resolve;
    });
  }
}
