// Where the browser comes back to: one address on this machine's loopback, for one sign-in (RFC 8252 section 7.3).
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { AppError } from '../../core/errors.ts';

export interface RedirectListener {
  readonly redirectUri: string;
  /** The query of the redirect that has the right state; any other visitor is sent away and changes nothing. */
  redirected(state: string): Promise<URLSearchParams>;
  close(): void;
}

const URL_CHARS_MAX = 16 * 1024;

/** `host` is how the address names this machine; only 127.0.0.1 listens. */
export async function listenForRedirect(host: '127.0.0.1' | 'localhost', port = 0): Promise<RedirectListener> {
  let visit: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
    answer(response, 404, 'Not yet.');
  const server = createServer({ maxHeaderSize: URL_CHARS_MAX * 2 }, (request, response) => visit(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  }).catch(cause => {
    throw new AppError('usage', `port ${port} on this machine is taken`, { hint: 'Choose another --port, or none.', cause });
  });
  const redirectUri = `http://${host}:${(server.address() as { port: number }).port}/`;
  return {
    redirectUri,
    redirected: state =>
      new Promise(resolve => {
        visit = (request, response) => {
          const query = queryOf(request, redirectUri);
          if (query?.get('state') !== state) return answer(response, 404, 'This is not the sign-in that postrider waits for.');
          answer(
            response,
            200,
            query.has('code') ? GOOD : 'The sign-in did not work; postrider says why. This page may be closed.',
          );
          resolve(query);
        };
      }),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const GOOD = 'Signed in. This page may be closed; postrider goes on in the terminal.';

/** Undefined when it is no redirect: another path, another method, too long. */
function queryOf({ method, url = '' }: IncomingMessage, redirectUri: string): URLSearchParams | undefined {
  if (method !== 'GET' || url.length > URL_CHARS_MAX || !URL.canParse(url, redirectUri)) return undefined;
  const { pathname, searchParams } = new URL(url, redirectUri);
  return pathname === '/' ? searchParams : undefined;
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    connection: 'close',
  });
  response.end(`${text}\n`);
}
