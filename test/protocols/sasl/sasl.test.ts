import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/core/secret.ts';
import type { Endpoint } from '../../../src/protocols/net/endpoint.ts';
import { type Credentials, chooseMechanism, exchangeFor } from '../../../src/protocols/sasl/choice.ts';
import { authenticate, CHALLENGE_CHARS_MAX, type Turn } from '../../../src/protocols/sasl/dialogue.ts';
import type { Exchange, Mechanism } from '../../../src/protocols/sasl/exchange.ts';
import { credentialsOf, proveIdentity } from '../../../src/protocols/sasl/identity.ts';
import { ITERATIONS_MAX, ITERATIONS_MIN } from '../../../src/protocols/sasl/scram.ts';

const place = { host: 'mail.example.org', port: 995 };
const base64 = (text: string) => Buffer.from(text).toString('base64');
const random = { fraction: () => 0, bytes: () => Buffer.from('rOprNGfwEbeRWgbNEkqO', 'base64') };
const pencil = { user: 'user', password: new Secret('pencil') };

/** A server as a list of its turns; collects what it is told. */
function scripted(turns: readonly Turn<string>[]) {
  const told: (string | undefined)[] = [];
  const next = async (line: Secret | undefined) => {
    told.push(line?.reveal());
    return turns[told.length - 1] ?? { accepted: false, verdict: 'script ended' };
  };
  return { told, lines: { auth: next, respond: next } };
}

async function sign(exchange: Exchange, turns: readonly Turn<string>[], initialCharsMax = 500) {
  const { told, lines } = scripted(turns);
  const outcome = await authenticate(exchange, lines, initialCharsMax);
  return { told, outcome };
}

const YES: Turn<string> = { accepted: true, verdict: 'yes' };
const NO: Turn<string> = { accepted: false, verdict: 'no' };
const ask = (text: string): Turn<string> => ({ challenge: base64(text) });

describe('passwords', () => {
  it('CRAM-MD5 as in RFC 2195', async () => {
    const exchange = exchangeFor('CRAM-MD5', { user: 'tim', password: new Secret('tanstaaftanstaaf') }, place);
    const { told } = await sign(exchange, [ask('<1896.697170952@postoffice.reston.mci.net>'), YES]);
    expect(told).toEqual([undefined, base64('tim b913a602c7eda7a495b4e6e7334d3890')]);
  });

  it('LOGIN answers in order, whatever it is asked', async () => {
    const { told } = await sign(exchangeFor('LOGIN', pencil, place), [ask('User Name'), ask(''), YES]);
    expect(told).toEqual([undefined, base64('user'), base64('pencil')]);
  });

  it('PLAIN goes with the command at the limit, and waits for the challenge one past it', async () => {
    const initial = base64('\0user\0pencil');
    expect((await sign(exchangeFor('PLAIN', pencil, place), [YES], initial.length)).told).toEqual([initial]);
    const late = await sign(exchangeFor('PLAIN', pencil, place), [ask(''), YES], initial.length - 1);
    expect(late.told).toEqual([undefined, initial]);
    expect(late.outcome.accepted).toBe(true);
  });

  it.each(['PLAIN', 'LOGIN', 'CRAM-MD5'] as const)('%s cancels when asked for more than it has', async mechanism => {
    const endless = Array.from({ length: 5 }, () => ask('more'));
    const { told } = scripted([]);
    const exchange = exchangeFor(mechanism, pencil, place);
    await expect(sign(exchange, endless)).rejects.toMatchObject({ code: 'protocol-broken' });
    expect(told).toEqual([]);
  });

  it('a yes after cancelling is no sign-in', async () => {
    const { told, outcome } = await sign(exchangeFor('PLAIN', pencil, place), [ask('more'), YES]);
    expect(told.at(-1)).toBeUndefined();
    expect(outcome.accepted).toBe(false);
  });

  it('a challenge beyond the limit is not answered', async () => {
    const at = { challenge: 'A'.repeat(CHALLENGE_CHARS_MAX) };
    expect((await sign(exchangeFor('CRAM-MD5', pencil, place), [at, YES])).told[1]).toBeDefined();
    const past = { challenge: 'A'.repeat(CHALLENGE_CHARS_MAX + 1) };
    expect((await sign(exchangeFor('CRAM-MD5', pencil, place), [past, NO])).told[1]).toBeUndefined();
  });
});

/** The server’s side, for any password and count of iterations. */
function scramServer(initial: string, iterations = 4_096, salt = 'W22ZaJ0SNY7soEsUEjb6gQ==', password = 'pencil') {
  const bare = Buffer.from(initial, 'base64').toString().slice(3);
  const nonce = `${/r=(.*)$/.exec(bare)?.[1] ?? ''}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0`;
  const challenge = `r=${nonce},s=${salt},i=${iterations}`;
  const key = pbkdf2Sync(password, Buffer.from(salt, 'base64'), iterations, 32, 'sha256');
  const mac = (secret: Buffer, text: string) => createHmac('sha256', secret).update(text).digest();
  const signed = `${bare},${challenge},c=biws,r=${nonce}`;
  const signature = mac(mac(key, 'Server Key'), signed).toString('base64');
  const stored = createHash('sha256').update(mac(key, 'Client Key')).digest();
  const proof = Buffer.from(mac(key, 'Client Key').map((byte, at) => byte ^ (mac(stored, signed)[at] ?? 0))).toString('base64');
  return { challenge, signature, proof };
}

describe('SCRAM-SHA-256', () => {
  const start = () => {
    const exchange = exchangeFor('SCRAM-SHA-256', pencil, place, random);
    return { exchange, server: scramServer(exchange.initial?.toString('base64') ?? '') };
  };

  it('is the exchange of RFC 7677 section 3', async () => {
    const { exchange, server } = start();
    const { told, outcome } = await sign(exchange, [ask(server.challenge), ask(`v=${server.signature}`), YES]);
    expect(told.map(line => Buffer.from(line ?? '', 'base64').toString())).toEqual([
      'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
      '',
    ]);
    expect(server.signature).toBe('6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
    expect(outcome.accepted).toBe(true);
  });

  it.each([
    ['no signature at all', (_: string): Turn<string>[] => [YES]],
    ['a wrong one', (): Turn<string>[] => [ask(`v=${base64('x'.repeat(32))}`), YES]],
    ['a short one', (right: string): Turn<string>[] => [ask(`v=${right.slice(0, 8)}`), YES]],
    ['something else', (): Turn<string>[] => [ask('hello'), YES]],
  ])('refuses a server with %s', async (_, after) => {
    const { exchange, server } = start();
    await expect(sign(exchange, [ask(server.challenge), ...after(server.signature)])).rejects.toMatchObject({
      code: 'server-unproven',
    });
  });

  it('refuses a yes to its first message: a downgrade to no proof', async () => {
    await expect(sign(start().exchange, [YES])).rejects.toMatchObject({ code: 'server-unproven' });
  });

  it('hands on the error that a server names', async () => {
    const { exchange, server } = start();
    const { outcome } = await sign(exchange, [ask(server.challenge), ask('e=other-error'), NO]);
    expect(outcome).toEqual({ accepted: false, verdict: 'no', reason: 'other-error' });
  });

  it.each([
    ['a nonce that is not ours', (challenge: string) => challenge.replace('r=r', 'r=s')],
    ['nothing added to the nonce', (challenge: string) => challenge.replace('%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0', '')],
    ['too few iterations', (challenge: string) => challenge.replace('4096', String(ITERATIONS_MIN - 1))],
    ['too many iterations', (challenge: string) => challenge.replace('4096', String(ITERATIONS_MAX + 1))],
    ['iterations beyond all numbers', (challenge: string) => challenge.replace('4096', '9'.repeat(400))],
    ['a mandatory extension', (challenge: string) => `m=x,${challenge}`],
    ['no salt', (challenge: string) => challenge.replace(/s=[^,]*/, 's=')],
    ['nothing', () => ''],
  ])('sends no proof for %s', async (_, change) => {
    const { exchange, server } = start();
    const { told, lines } = scripted([ask(change(server.challenge)), YES]);
    await expect(authenticate(exchange, lines, 500)).rejects.toMatchObject({ code: 'sign-in-unsafe' });
    expect(told).toHaveLength(1);
  });

  it('prepares names and passwords as RFC 4013 says', async () => {
    const odd = { user: 'a=b,c\u00ad', password: new Secret('pen\u00a0cil\u2168') };
    const exchange = exchangeFor('SCRAM-SHA-256', odd, place, random);
    expect(exchange.initial?.toString()).toBe('n,,n=a=3Db=2Cc,r=rOprNGfwEbeRWgbNEkqO');
    const server = scramServer(exchange.initial?.toString('base64') ?? '', 4_096, undefined, 'pen cilIX');
    const final = exchange.answer(Buffer.from(server.challenge))?.toString() ?? '';
    expect(final.endsWith(`p=${server.proof}`)).toBe(true);
    expect(() => exchangeFor('SCRAM-SHA-256', { user: 'a\u0007', password: new Secret('x') }, place)).toThrow(/does not allow/);
  });
});

describe('tokens', () => {
  const credentials: Credentials = {
    user: 'someuser@example.com',
    token: new Secret('ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg'),
  };

  it('OAUTHBEARER says host and port, and gives its error the answer of RFC 7628', async () => {
    const exchange = exchangeFor('OAUTHBEARER', { ...credentials, user: 'a,b=c' }, place);
    expect(exchange.initial?.toString()).toBe(
      'n,a=a=2Cb=3Dc,\x01host=mail.example.org\x01port=995\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\x01\x01',
    );
    const error = ask('{"status":"invalid_token","scope":"mail","schemes":"bearer"}');
    const { told, outcome } = await sign(exchange, [error, NO]);
    expect(told[1]).toBe('AQ==');
    expect(outcome).toEqual({ accepted: false, verdict: 'no', reason: 'status invalid_token, scope mail' });
  });

  it.each([
    ['in one line', 500, 0],
    ['in two steps', 20, 1],
  ])('XOAUTH2 %s', async (_, initialCharsMax, at) => {
    const wire =
      'dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==';
    const turns = at === 0 ? [YES] : [ask(''), YES];
    const { told, outcome } = await sign(exchangeFor('XOAUTH2', credentials, place), turns, initialCharsMax);
    expect(told[at]).toBe(wire);
    expect(outcome.accepted).toBe(true);
  });

  it.each([
    ['{"status":"400","error_description":"expired \\u001b[2J"}', 'status 400, error_description expired ␛[2J'],
    ['plain words', 'plain words'],
    ['[1]', 'without a reason'],
    ['', 'without a reason'],
  ])('reads the reason in %s', async (challenge, reason) => {
    const { told, outcome } = await sign(exchangeFor('XOAUTH2', credentials, place), [ask(challenge), NO]);
    expect(told[1]).toBe('');
    expect(outcome.reason).not.toContain('\u001b');
    expect(outcome.reason?.replace(/\\x1b|\\u001b|�/, '␛')).toBe(reason);
  });
});

describe('the choice', () => {
  it.each([
    ['PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256', true, 'SCRAM-SHA-256'],
    ['CRAM-MD5 LOGIN PLAIN', true, 'PLAIN'],
    ['CRAM-MD5 LOGIN PLAIN', false, 'CRAM-MD5'],
    ['LOGIN', false, 'LOGIN'],
    ['XOAUTH2 EXTERNAL SCRAM-SHA-256-PLUS', true, undefined],
  ])('of %s (secure: %s) is %s', (offered, secure, expected) => {
    expect(chooseMechanism('password', { mechanisms: offered.split(' '), secure })).toBe(expected);
  });

  it('never sends a password where a token is meant', () => {
    expect(chooseMechanism('token', { mechanisms: ['PLAIN', 'XOAUTH2'], secure: true })).toBe('XOAUTH2');
    expect(chooseMechanism('token', { mechanisms: ['PLAIN', 'LOGIN'], secure: true })).toBeUndefined();
  });
});

describe('a refused token', () => {
  const endpoint: Endpoint = { ...place, name: 'inbox', type: 'pop3', tls: 'implicit', user: 'u', timeoutMs: 1 };
  const peer = (turns: readonly Turn<string>[], told: string[]) => ({
    offer: { mechanisms: ['XOAUTH2'], secure: true },
    initialCharsMax: () => 1_000,
    isFinal: (verdict: string) => verdict === 'no',
    lines: (_: Mechanism) => {
      const next = async (line: Secret | undefined) => {
        told.push(Buffer.from(line?.reveal() ?? '', 'base64').toString());
        return turns[told.length - 1] ?? NO;
      };
      return { auth: next, respond: next };
    },
  });

  it.each([
    ['is replaced once', 'new', [NO, YES], 2, true],
    ['is replaced once only', 'new', [NO, NO, YES], 2, false],
    ['without a newer one is the end', 'old', [NO, YES], 1, false],
    ['is kept where only the moment was wrong', 'new', [{ accepted: false, verdict: 'busy' }, YES], 1, false],
  ] as const)('%s', async (_, fresh, turns, tries, accepted) => {
    const asked: (string | undefined)[] = [];
    const told: string[] = [];
    const token = async (refused?: Secret) => {
      asked.push(refused?.reveal());
      return new Secret(refused === undefined ? 'old' : fresh);
    };
    const credentials = await credentialsOf({ ...endpoint, token }, true);
    const proof = await proveIdentity({ ...endpoint, token }, credentials, peer(turns, told));
    expect(proof).toMatchObject({ mechanism: 'XOAUTH2', accepted });
    expect(told).toHaveLength(tries);
    expect(asked[0]).toBeUndefined();
  });
});

describe('credentials', () => {
  const endpoint: Endpoint = { ...place, name: 'inbox', type: 'pop3', tls: 'implicit', timeoutMs: 1 };

  it.each([
    [{}, 'user-missing'],
    [{ user: 'u' }, 'secret-missing'],
    [{ user: 'u\n', password: new Secret('p') }, 'secret-invalid'],
    [{ user: 'u', password: new Secret('p\0') }, 'secret-invalid'],
    [{ user: 'u', token: async () => new Secret('a\x01auth=Bearer b') }, 'secret-invalid'],
  ])('%j are %s', async (changes, code) => {
    await expect(credentialsOf({ ...endpoint, ...changes }, true)).rejects.toMatchObject({ code });
  });

  it('are never given out before TLS that was asked for', async () => {
    await expect(credentialsOf({ ...endpoint, user: 'u', password: new Secret('p') }, false)).rejects.toMatchObject({
      code: 'misuse',
    });
  });
});
