// Sign-in by device code (RFC 8628): a short code, typed on any other device, for machines without a browser.
import { AppError } from '../../core/errors.ts';
import { deviceCode, deviceTokens, type OAuthClient, type RequestContext, type Tokens } from './requests.ts';

/** RFC 8628 section 3.5. */
const SLOWER_MS = 5_000;

/** `show` tells a person where to go and what to type there; both texts come from the server. Throws AppError `oauth-timed-out` and what the server says. */
export async function loginByDevice(
  client: OAuthClient,
  scope: string,
  show: (address: string, userCode: string) => void,
  context: RequestContext,
): Promise<Tokens> {
  if (client.server.deviceUrl === undefined) {
    throw new AppError('usage', 'this authorization server has no sign-in by device code', { hint: 'Use --method browser.' });
  }
  const { clock, signal } = context;
  const code = await deviceCode(client, scope, context);
  show(code.address, code.userCode);
  const until = clock.elapsed() + code.expiresMs;
  let { intervalMs } = code;
  while (clock.elapsed() < until) {
    await clock.sleep(intervalMs, signal);
    const answer = await deviceTokens(client, code, context);
    if (answer === 'slow-down') intervalMs += SLOWER_MS;
    else if (answer !== 'pending') return answer;
  }
  throw new AppError('oauth-timed-out', `nobody signed in as ${client.name} in time`, {
    hint: `Run postrider login ${client.name} again and type the code right away.`,
  });
}
