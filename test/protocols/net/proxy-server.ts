// A proxy for tests: SOCKS5 or HTTP CONNECT, with or without a sign-in; it counts what it was asked for.
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface ProxyServer {
  readonly port: number;
  /** `host:port` of every connection asked for. */
  readonly asked: string[];
  close(): Promise<void>;
}

export interface ProxyOptions {
  readonly user?: string;
  readonly password?: string;
  /** The only ones it connects to. Default: all. */
  readonly ports?: readonly number[];
  /** Instead of refusing another, it says nothing until it is released. */
  readonly hold?: (release: () => void) => void;
}

type Take = (count: number) => Promise<Buffer>;

export async function startProxy(kind: 'socks5' | 'http', options: ProxyOptions = {}): Promise<ProxyServer> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    return socket;
  };
  const open: Open = (host, port, client, ready, refused) => {
    asked.push(`${host}:${port}`);
    if (options.ports?.includes(port) === false)
      return options.hold === undefined ? refused('rules') : options.hold(() => refused('rules'));
    const server = keep(connect({ host, port, allowHalfOpen: true }));
    server.once('error', () => refused('unreachable'));
    server.once('connect', () => {
      ready();
      client.pipe(server).pipe(client);
    });
  };
  const serve = kind === 'socks5' ? serveSocks : serveHttp;
  const server: Server = createServer(
    { allowHalfOpen: true },
    socket => void serve(keep(socket), options, open).catch(() => socket.destroy()),
  );
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    asked,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise(resolve => server.close(() => resolve()));
    },
  };
}

type Open = (
  host: string,
  port: number,
  client: Socket,
  ready: () => void,
  refused: (why: 'rules' | 'unreachable') => void,
) => void;

async function serveSocks(socket: Socket, { user, password }: ProxyOptions, open: Open): Promise<void> {
  const take = taker(socket);
  const [, count = 0] = await take(2);
  const offered = await take(count);
  const method = user === undefined ? 0 : offered.includes(2) ? 2 : 0xff;
  socket.write(Buffer.from([5, method]));
  if (method === 0xff) return;
  if (user !== undefined) {
    const [, length = 0] = await take(2);
    const name = await take(length);
    const secret = await take((await take(1))[0] ?? 0);
    const right = String(name) === user && String(secret) === password;
    socket.write(Buffer.from([1, right ? 0 : 1]));
    if (!right) return;
  }
  const [, , , type] = await take(4);
  const host = type === 1 ? (await take(4)).join('.') : String(await take((await take(1))[0] ?? 0));
  const port = (await take(2)).readUInt16BE();
  const reply = (code: number) => socket.write(Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]));
  open(
    host,
    port,
    socket,
    () => reply(0),
    why => reply(why === 'rules' ? 2 : 5),
  );
}

async function serveHttp(socket: Socket, { user, password }: ProxyOptions, open: Open): Promise<void> {
  const take = taker(socket);
  let head = '';
  while (!head.endsWith('\r\n\r\n')) head += String(await take(1));
  const [, host = '', port] = /^CONNECT ([^ ]+):(\d+) HTTP\/1\.1\r\n/.exec(head) ?? [];
  const sign = `Proxy-Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}\r\n`;
  if (user !== undefined && !head.includes(sign)) return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
  open(
    host,
    Number(port),
    socket,
    () => socket.write('HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n'),
    why => socket.end(`HTTP/1.1 ${why === 'rules' ? '403 Forbidden' : '502 Bad Gateway'}\r\n\r\n`),
  );
}

function taker(socket: Socket): Take {
  return count =>
    new Promise((resolve, reject) => {
      const look = () => {
        const bytes = count === 0 ? Buffer.alloc(0) : (socket.read(count) as Buffer | null);
        if (bytes === null) return;
        socket.off('readable', look).off('end', left);
        resolve(bytes);
      };
      const left = () => reject(new Error('the client left'));
      socket.on('readable', look).once('end', left);
      look();
    });
}
