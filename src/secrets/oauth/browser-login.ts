// Sign-in in a browser (RFC 8252): the redirect comes back to this machine, or its address is pasted where the browser runs elsewhere.
import { cancelled } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Secret } from '../../core/secret.ts';
import { listenForRedirect } from './redirect-listener.ts';
import { authorizationRequest, codeTokens, type OAuthClient, type RequestContext, type Tokens } from './requests.ts';

export interface BrowserLogin {
  readonly scope: string;
  readonly redirectHost: '127.0.0.1' | 'localhost';
  /** 0: a free one. */
  readonly port: number;
  /** What the provider wants to be told besides. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Tells a person which address to open. */
  readonly show: (url: string) => void;
  /** The address that a browser on another machine ended at; never resolves where nobody can be asked. */
  readonly pasted: (signal: AbortSignal) => Promise<Secret>;
}

const WAIT_MS_MAX = 15 * 60_000;

/** Throws AppError `oauth-timed-out` and what the server says. */
export async function loginByBrowser(client: OAuthClient, login: BrowserLogin, context: RequestContext): Promise<Tokens> {
  if (client.server.authorizationUrl === undefined) {
    throw new AppError('usage', 'this authorization server has no sign-in by browser', { hint: 'Use --method device.' });
  }
  const { scope, parameters } = login;
  const listener = await listenForRedirect(login.redirectHost, login.port);
  const over = new AbortController();
  try {
    const { redirectUri } = listener;
    const request = await authorizationRequest(client, { scope, redirectUri, parameters }, context);
    login.show(request.url);
    const answer = await Promise.race([
      listener.redirected(request.state),
      login.pasted(over.signal).then(queryOfPasted),
      patience(client.name, context, over.signal),
    ]);
    return await codeTokens(client, answer, { request, redirectUri }, context);
  } finally {
    over.abort();
    listener.close();
  }
}

/** The state in it is compared by whoever uses it. */
function queryOfPasted(text: Secret): URLSearchParams {
  const address = text.reveal().trim();
  if (URL.canParse(address)) return new URL(address).searchParams;
  throw new AppError('usage', 'this is no address', {
    hint: 'Paste the whole address that the browser ended at, http://…?code=…',
  });
}

function patience(name: string, { clock, signal }: RequestContext, over: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const timer = clock.after(WAIT_MS_MAX, () =>
      reject(
        new AppError('oauth-timed-out', `nobody signed in as ${name} in time`, {
          hint: `Run postrider login ${name} again and open the address right away.`,
        }),
      ),
    );
    const abort = () => signal !== undefined && reject(cancelled(signal));
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    over.addEventListener('abort', () => {
      timer.cancel();
      signal?.removeEventListener('abort', abort);
    });
  });
}
