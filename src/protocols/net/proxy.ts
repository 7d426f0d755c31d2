// The way to a server through a proxy: SOCKS5 (RFC 1928, RFC 1929) or HTTP CONNECT (RFC 9110 section 9.3.6).
import { isIP, isIPv4, type Socket } from 'node:net';
import { domainToASCII } from 'node:url';
import { nextTurn } from '../../core/clock.ts';
import { AppError, BrokenSessionError } from '../../core/errors.ts';
import { Secret } from '../../core/secret.ts';
import { printable, shorten } from '../../core/text.ts';
import { addressOf, type ProxyHop } from './endpoint.ts';

interface Target {
  readonly host: string;
  readonly port: number;
}

const PORTS = { socks5: 1_080, http: 8_080 } as const;
/** An answer of the proxy, headers and all. */
const ANSWER_BYTES_MAX = 16 * 1024;

/** `socks5://[user:password@]host[:port]` or `http://…`; names are looked up by the proxy. Throws AppError `proxy-invalid`, which shows no password. */
export function parseProxy(text: string): ProxyHop {
  const [, scheme = '', userinfo, host = '', port] =
    /^(socks5h?|http):\/\/(?:(.*)@)?(\[[\da-f:.]+\]|[^:/@[\]\s]+)(?::(\d{1,5}))?\/?$/is.exec(text) ?? [];
  const kind = scheme.toLowerCase() === 'http' ? 'http' : 'socks5';
  const number = port === undefined ? PORTS[kind] : Number(port);
  if (host === '' || number < 1 || number > 65_535) throw invalid();
  const [user, ...rest] = (userinfo ?? '').split(':');
  const [name, password] = [decoded(user ?? ''), decoded(rest.join(':'))];
  if (/[\r\n\0]/.test(name + password) || [name, password].some(part => Buffer.byteLength(part) > CREDENTIAL_BYTES_MAX))
    throw invalid();
  return {
    kind,
    host: host.replace(/^\[|\]$/g, ''),
    port: number,
    ...(name === '' ? {} : { user: name, password: new Secret(password) }),
  };
}

/** RFC 1929 section 2: one length octet. */
const CREDENTIAL_BYTES_MAX = 255;

/** Asks the proxy at the other end of `socket` for a connection to `target`; what follows on the socket is the target's. */
export async function askProxy(socket: Socket, proxy: ProxyHop, target: Target): Promise<void> {
  const named = { ...target, host: namedHost(target.host) };
  await (proxy.kind === 'http' ? askHttp(socket, proxy, named) : askSocks(socket, proxy, named));
  await nextTurn();
}

/** A name in ASCII (RFC 5891), or an address without the interface of this machine, which means nothing to others. */
function namedHost(host: string): string {
  if (isIP(host) !== 0) return host.replace(/%.*$/, '');
  const plain = /^[\w.-]+$/.test(host);
  const name = plain || NO_NAME.test(host) || printable(host) !== host ? host : domainToASCII(host);
  if (HOST_NAME.test(name)) return name;
  throw new BrokenSessionError('host-not-found', `"${printable(shorten(host, 80))}" cannot be the name of a host`, {
    retry: 'never',
    hint: 'Check `host`.',
  });
}

/** It would be cut there. */
const NO_NAME = /[\s/:@%?#[\]\\]/;
/** RFC 1035 section 2.3.4. */
const HOST_NAME = /^[\w.-]{1,253}$/;

async function askHttp(socket: Socket, proxy: ProxyHop, target: Target): Promise<void> {
  const to = addressOf(target);
  const sign = proxy.user === undefined ? '' : `Proxy-Authorization: Basic ${credentials(proxy)}\r\n`;
  socket.write(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n${sign}\r\n`);
  const head = await receive(socket, proxy, httpHeadLength);
  const [status = ''] = head.toString('latin1').split('\r\n', 1);
  const code = Number(/^HTTP\/1\.[01] (\d{3})/.exec(status)?.[1]);
  if (code >= 200 && code < 300) return;
  if (Number.isNaN(code)) throw notOne(proxy);
  if (UNAUTHORIZED.has(code)) throw unauthorized(proxy);
  throw refused(proxy, target, printable(shorten(status, 120)), code >= 500 ? 'later' : 'never');
}

/** Up to the empty line, if the answer is one of HTTP at all. */
function httpHeadLength(bytes: Buffer): number | undefined {
  const beginning = bytes.toString('latin1', 0, HTTP.length);
  if (!HTTP.startsWith(beginning)) return bytes.length;
  const end = bytes.indexOf('\r\n\r\n');
  return end === -1 ? undefined : end + 4;
}

const HTTP = 'HTTP/1.';

/** RFC 9110 section 15.5.8, and what tinyproxy says instead. */
const UNAUTHORIZED: ReadonlySet<number> = new Set([407, 401]);

function credentials({ user = '', password }: ProxyHop): string {
  return Buffer.from(`${user}:${password?.reveal() ?? ''}`, 'utf8').toString('base64');
}

const [NO_SIGN_IN, USER_PASSWORD, NOTHING_SUITS] = [0, 2, 0xff];

async function askSocks(socket: Socket, proxy: ProxyHop, target: Target): Promise<void> {
  const methods = proxy.user === undefined ? [NO_SIGN_IN] : [NO_SIGN_IN, USER_PASSWORD];
  socket.write(Buffer.from([5, methods.length, ...methods]));
  const [version, method] = await receive(socket, proxy, bytes => (bytes.length < 2 ? undefined : 2));
  if (version !== 5) throw notOne(proxy);
  if (method === USER_PASSWORD && proxy.user !== undefined) await signIn(socket, proxy, proxy.user);
  else if (method === NOTHING_SUITS) throw unauthorized(proxy);
  else if (method !== NO_SIGN_IN) throw notOne(proxy);
  socket.write(
    Buffer.concat([Buffer.from([5, 1, 0]), socksAddress(target.host), Buffer.from([target.port >> 8, target.port & 0xff])]),
  );
  const [, code = 0] = await receive(socket, proxy, socksReplyLength);
  if (code !== 0) throw refused(proxy, target, SOCKS_REPLIES[code] ?? `code ${code}`, SOCKS_LATER.has(code) ? 'later' : 'never');
}

async function signIn(socket: Socket, proxy: ProxyHop, user: string): Promise<void> {
  const [name, password] = [Buffer.from(user), Buffer.from(proxy.password?.reveal() ?? '')];
  socket.write(Buffer.concat([Buffer.from([1, name.length]), name, Buffer.from([password.length]), password]));
  const [, status] = await receive(socket, proxy, bytes => (bytes.length < 2 ? undefined : 2));
  if (status !== 0) throw unauthorized(proxy);
}

function socksAddress(host: string): Buffer {
  if (isIPv4(host)) return Buffer.from([1, ...host.split('.').map(Number)]);
  if (isIP(host) === 6) return Buffer.concat([Buffer.from([4]), ipv6Bytes(host)]);
  const name = Buffer.from(host);
  return Buffer.concat([Buffer.from([3, name.length]), name]);
}

function ipv6Bytes(host: string): Buffer {
  const [head = '', tail] = new URL(`http://[${host}]`).hostname.slice(1, -1).split('::');
  const words = (text: string) => (text === '' ? [] : text.split(':').map(word => Number.parseInt(word, 16)));
  const [left, right] = [words(head), words(tail ?? '')];
  const all = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
  return Buffer.from(all.flatMap(word => [word >> 8, word & 0xff]));
}

/** Version, code, reserved, kind of address, address, port (RFC 1928 section 6). */
function socksReplyLength(bytes: Buffer): number | undefined {
  if (bytes.length < 5) return undefined;
  const address = bytes[3] === 1 ? 4 : bytes[3] === 4 ? 16 : 1 + (bytes[4] ?? 0);
  const length = 4 + address + 2;
  return bytes.length < length ? undefined : length;
}

const SOCKS_REPLIES = [
  '',
  'it failed',
  'its rules forbid it',
  'the network cannot be reached',
  'the host cannot be reached',
  'nothing answers on that port',
  'the time ran out',
  'it does not offer that command',
  'it does not know that kind of address',
];
const SOCKS_LATER = new Set([1, 3, 4, 5, 6]);

/** The first bytes that `lengthOf` is content with; what came after them stays in the socket. */
function receive(socket: Socket, proxy: ProxyHop, lengthOf: (bytes: Buffer) => number | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const settle = (how: () => void) => {
      socket.off('readable', read).off('error', cut).off('close', cut).off('end', cut);
      how();
    };
    const cut = () => settle(() => reject(hungUp(proxy)));
    const read = () => {
      for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
        bytes = Buffer.concat([bytes, chunk]);
        const length = lengthOf(bytes);
        if (length === undefined && bytes.length <= ANSWER_BYTES_MAX) continue;
        return settle(() => {
          if (length === undefined) return reject(notOne(proxy));
          if (bytes.length > length) socket.unshift(bytes.subarray(length));
          resolve(bytes.subarray(0, length));
        });
      }
    };
    socket.on('readable', read).on('error', cut).on('close', cut).on('end', cut);
    read();
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid();
  }
}

function invalid(): AppError {
  return new AppError('proxy-invalid', 'the proxy of a connection cannot be read', {
    hint: 'Write socks5://host:1080 or http://host:8080, with user:password@ before the host if it wants a sign-in.',
  });
}

function unauthorized(proxy: ProxyHop): AppError {
  const what = proxy.user === undefined ? 'wants a sign-in' : 'does not accept this user and password';
  return new AppError('proxy-sign-in-refused', `the proxy ${addressOf(proxy)} ${what}`, {
    hint: `Write user and password into \`proxy\`: ${proxy.kind}://user:\${{ secrets.NAME }}@${addressOf(proxy)}.`,
  });
}

function refused(proxy: ProxyHop, target: Target, why: string, retry: 'later' | 'never'): AppError {
  return new AppError('proxy-refused', `the proxy ${addressOf(proxy)} does not connect to ${addressOf(target)}: ${why}`, {
    retry,
    hint:
      retry === 'later'
        ? 'Check host and port of the server; the proxy looks up the name by itself.'
        : 'Its operator decides which hosts and ports it serves, HTTP proxies often port 443 alone; FTP needs the data ports, too.',
  });
}

function notOne(proxy: ProxyHop): AppError {
  return new AppError('proxy-invalid', `${addressOf(proxy)} is no ${proxy.kind === 'http' ? 'HTTP' : 'SOCKS5'} proxy`, {
    hint: 'Check the scheme and the port of `proxy`.',
  });
}

/** It was reached, and then nothing came. */
export function proxyStuck(proxy: ProxyHop, target: Target, ms: number): BrokenSessionError {
  const message = `the proxy ${addressOf(proxy)} has not connected to ${addressOf(target)} within ${ms / 1000} s`;
  return new BrokenSessionError('connect-timed-out', message, {
    hint: 'The server may not answer it, or another kind of proxy listens there: check `proxy`, and host and port of the server.',
  });
}

function hungUp(proxy: ProxyHop): BrokenSessionError {
  return new BrokenSessionError('connection-cut', `the proxy ${addressOf(proxy)} closed the connection`, {
    hint: 'Check `proxy`; the proxy may refuse this machine or that port.',
  });
}
