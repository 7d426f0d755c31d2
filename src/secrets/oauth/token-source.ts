// Access tokens of one account, renewed before they end and when a server refuses them, by one process at a time.
//
//   usable token kept? ── yes ─▶ hand it out
//        │ no
//   take the lock ▶ look again (another process may have renewed) ▶ write what is kept once more, which proves that it can be
//   written ▶ ask the authorization server ▶ write the new tokens ▶ hand them out ▶ give the lock back
//
// A refresh token that the server replaces is dead the moment it answers, so the new one is on disk before anything else happens.
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Secret } from '../../core/secret.ts';
import { accountText, type OAuthAccount } from './account.ts';
import { appTokens, type OAuthClient, refreshTokens, type Tokens } from './requests.ts';

export interface KeptAccount {
  readonly account: OAuthAccount;
  /** Absent where it cannot be changed: environment and files. */
  readonly save?: (account: OAuthAccount) => Promise<void>;
}

export interface TokenSourceOptions {
  readonly name: string;
  readonly load: () => Promise<KeptAccount>;
  /** Between processes; resolves with what gives it back. */
  readonly lock: () => Promise<() => Promise<void>>;
  readonly resolveSecret: (name: string) => Promise<Secret>;
  readonly clock: Clock;
  /** Told of every token and client secret before it can come back in anything a server says. */
  readonly onSecret: (secret: Secret) => void;
}

/** `refused` is a token that a server did not take although it had not ended: it is never handed out again. */
export type TokenSource = (refused?: Secret) => Promise<Secret>;

const MARGIN_MS_MAX = 60_000;
/** Of a lifetime, for tokens that live only minutes. */
const MARGIN_PART = 0.1;
/** RFC 6749 section 5.1 only recommends to say it. */
const LIFETIME_MS = 3_600_000;

export function tokenSource(options: TokenSourceOptions): TokenSource {
  let turn: Promise<unknown> = Promise.resolve();
  const kept = keeper(options);
  return refused => {
    const token = turn.then(() => accessToken(options, kept, refused));
    turn = token.catch(() => undefined);
    return token;
  };
}

/** When the tokens were obtained at `now`: the account that is kept from now on. */
export function withTokens(account: OAuthAccount, tokens: Tokens, now: number): OAuthAccount {
  const { accessToken, lifetimeMs = LIFETIME_MS, refreshToken } = tokens;
  const renewAt = now + lifetimeMs - Math.min(MARGIN_MS_MAX, lifetimeMs * MARGIN_PART);
  return { ...account, accessToken, renewAt, ...(refreshToken === undefined ? {} : { refreshToken }) };
}

async function accessToken(options: TokenSourceOptions, kept: Keeper, refused: Secret | undefined): Promise<Secret> {
  const usable = ({ accessToken, renewAt = 0 }: OAuthAccount) =>
    accessToken !== undefined && accessToken.reveal() !== refused?.reveal() && options.clock.now() < renewAt
      ? accessToken
      : undefined;
  if (!kept.hasUnsaved()) {
    const token = usable((await kept.load()).account);
    if (token !== undefined) return token;
  }
  const release = await options.lock();
  try {
    await kept.saveUnsaved();
    const before = await kept.load();
    const token = usable(before.account);
    if (token !== undefined) return token;
    if (before.account.method !== 'app') await before.save?.(before.account);
    const after = withTokens(before.account, await renewed(before.account, options), options.clock.now());
    await kept.keep(before, after);
    return after.accessToken as Secret;
  } finally {
    await release();
  }
}

async function renewed(account: OAuthAccount, options: TokenSourceOptions): Promise<Tokens> {
  const { name, resolveSecret, clock, onSecret } = options;
  const { server, clientId, clientSecret: secretName, refreshToken, method, scope } = account;
  const clientSecret = secretName === undefined ? undefined : await resolveSecret(secretName);
  if (clientSecret !== undefined) onSecret(clientSecret);
  const client: OAuthClient = { name, server, clientId, ...(clientSecret === undefined ? {} : { clientSecret }) };
  if (method === 'app') return appTokens(client, scope, { clock });
  if (refreshToken === undefined)
    throw new AppError('oauth-expired', `the sign-in ${name} cannot be renewed`, { hint: `postrider login ${name}` });
  return refreshTokens(client, refreshToken, { clock });
}

interface Keeper {
  load(): Promise<KeptAccount>;
  hasUnsaved(): boolean;
  saveUnsaved(): Promise<void>;
  keep(before: KeptAccount, after: OAuthAccount): Promise<void>;
}

/**
 * Tokens that could not be written (a full disk) wait in memory and are written first thing next time; what comes from a place
 * that cannot be written is renewed for this process only.
 */
function keeper({ load, onSecret }: TokenSourceOptions): Keeper {
  let unsaved: { readonly after: OAuthAccount; readonly save: (account: OAuthAccount) => Promise<void> } | undefined;
  let inMemory: { readonly of: string; readonly account: OAuthAccount } | undefined;
  const saveUnsaved = async () => {
    await unsaved?.save(unsaved.after);
    unsaved = undefined;
  };
  return {
    async load() {
      const stored = await load();
      announce(stored.account, onSecret);
      const renewedHere = inMemory !== undefined && inMemory.of === accountText(stored.account).reveal();
      return renewedHere && inMemory !== undefined ? { account: inMemory.account } : stored;
    },
    hasUnsaved: () => unsaved !== undefined,
    saveUnsaved,
    async keep({ account, save }, after) {
      announce(after, onSecret);
      if (save === undefined) {
        inMemory = { of: inMemory?.of ?? accountText(account).reveal(), account: after };
        return;
      }
      unsaved = { after, save };
      await saveUnsaved();
    },
  };
}

function announce({ accessToken, refreshToken }: OAuthAccount, onSecret: (secret: Secret) => void): void {
  for (const secret of [accessToken, refreshToken]) if (secret !== undefined) onSecret(secret);
}
