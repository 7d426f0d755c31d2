// The tokens that the sandbox's authorization server gave out: who they are for, until when, and which were replaced or taken back.
import type { Clock } from '../core/clock.ts';
import { type Random, randomHex } from '../core/random.ts';

export interface IssuedTokens {
  readonly accessToken: string;
  readonly lifetimeS: number;
  readonly refreshToken?: string;
}

interface Access {
  /** Epoch milliseconds. */
  readonly until: number;
}

const LIFETIME_S = 3600;
const TOKEN_BYTES = 24;

export class TokenBook {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #access = new Map<string, Access>();
  readonly #refresh = new Set<string>();
  readonly #replaced = new Set<string>();
  readonly #issued: string[] = [];

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  issue({ refresh }: { readonly refresh: boolean }): IssuedTokens {
    const accessToken = this.#newToken();
    this.#access.set(accessToken, { until: this.#clock.now() + LIFETIME_S * 1000 });
    if (!refresh) return { accessToken, lifetimeS: LIFETIME_S };
    const refreshToken = this.#newToken();
    this.#refresh.add(refreshToken);
    return { accessToken, lifetimeS: LIFETIME_S, refreshToken };
  }

  /** Each refresh token is good once; a replaced one that comes again ends everything, for one of two holders stole it. */
  renew(refreshToken: string): IssuedTokens | undefined {
    if (this.#replaced.has(refreshToken)) this.revokeAll();
    if (!this.#refresh.delete(refreshToken)) return undefined;
    this.#replaced.add(refreshToken);
    return this.issue({ refresh: true });
  }

  accepts(accessToken: string): boolean {
    const known = this.#access.get(accessToken);
    return known !== undefined && this.#clock.now() < known.until;
  }

  /** Every token that was ever given out. */
  get issued(): readonly string[] {
    return this.#issued;
  }

  #newToken(): string {
    const token = randomHex(this.#random, TOKEN_BYTES);
    this.#issued.push(token);
    return token;
  }

  /** As if their time were up. */
  endAccessTokens(): void {
    this.#access.clear();
  }

  revokeAll(): void {
    this.#access.clear();
    this.#refresh.clear();
  }
}
