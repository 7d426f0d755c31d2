// What is wrong with a server's certificates, and the exact lines that would trust them.
import { printable } from '../../core/text.ts';
import { formatCount } from '../../core/units.ts';
import type { Endpoint } from '../../protocols/net/endpoint.ts';
import type { CertificateFacts, TlsFacts } from '../../protocols/net/inspect-tls.ts';
import { type Finding, fine, warning } from './finding.ts';

const DAY_MS = 86_400_000;
/** Let's Encrypt renews 30 days before the end; what is still there two weeks before was forgotten. */
const EXPIRES_SOON_MS = 14 * DAY_MS;

/** `now` in epoch milliseconds. */
export function trustFindings(facts: TlsFacts, endpoint: Endpoint, now: number): readonly Finding[] {
  const { chain, version, cipher } = facts;
  const shown = chain.map((certificate, i) => fine(i === 0 ? 'certificate' : `issuer ${i}`, certificateText(certificate)));
  const problem = problemOf(facts, endpoint, now);
  return [fine('tls', `${version}, ${cipher}`), ...shown, problem ?? fine('trust', 'the chain is trusted and the name fits')];
}

function certificateText({ subject, issuer, names, validFrom, validTo, fingerprint, selfSigned }: CertificateFacts): string {
  const dates = `${new Date(validFrom).toISOString().slice(0, 10)} to ${new Date(validTo).toISOString().slice(0, 10)}`;
  const by = selfSigned ? 'signed by itself' : `by ${issuer}`;
  return printable([subject, by, names, dates, fingerprint].filter(text => text !== '').join('; '));
}

function problemOf(facts: TlsFacts, endpoint: Endpoint, now: number): Finding | undefined {
  const [own] = facts.chain;
  if (own === undefined) return failed('tls-failed', 'the server shows no certificate', 'Ask its operator.');
  if (facts.wrongName !== undefined) {
    const names = own.names === '' ? own.subject : own.names;
    return failed(
      'tls-name-mismatch',
      `the certificate is not for ${endpoint.host}`,
      `It is for ${printable(names)}: use such a name as \`host\`.`,
    );
  }
  const outdated = facts.chain.find(({ validFrom, validTo }) => now < validFrom || now > validTo);
  if (outdated !== undefined) {
    const when = now > outdated.validTo ? 'expired' : 'is not valid yet';
    return failed(
      'tls-expired',
      `the certificate of ${printable(outdated.subject)} ${when}`,
      'Have it renewed; look at the clock above.',
    );
  }
  if (facts.untrusted !== undefined)
    return failed('tls-untrusted', `the chain is not trusted (${facts.untrusted})`, howToTrust(facts, endpoint));
  if (endpoint.fingerprint !== undefined && bare(endpoint.fingerprint) !== bare(own.fingerprint)) {
    const advice = `If it was renewed on purpose, write\n  fingerprint: ${own.fingerprint}\nelse somebody may be in between.`;
    return failed('tls-fingerprint-mismatch', 'the certificate is not the one pinned by `fingerprint`', advice);
  }
  const left = own.validTo - now;
  if (left > EXPIRES_SOON_MS) return undefined;
  return warning('trust', `the certificate ends in ${formatCount(Math.floor(left / DAY_MS), 'days')}`, 'Have it renewed now.');
}

/** Only a certificate that signed itself can be trusted by naming it. */
function howToTrust({ chain }: TlsFacts, { name }: Endpoint): string {
  const [own] = chain;
  const top = chain.at(-1);
  if (own === undefined || top === undefined) return '';
  const pin = `  fingerprint: ${own.fingerprint}`;
  if (!top.selfSigned) {
    return [
      `The server does not send the certificate of ${printable(top.issuer)}. Get it from the server’s operator as a PEM file, and add to the connection`,
      `  ca: ./${name}-ca.pem`,
      pin,
    ].join('\n');
  }
  return [
    `If the server’s operator confirms the fingerprint ${top.fingerprint}, save this as ${name}-ca.pem beside the job files:`,
    top.pem.trimEnd(),
    'and add to the connection (the second line pins the server’s own certificate; leave it out if that is renewed often)',
    `  ca: ./${name}-ca.pem`,
    pin,
  ].join('\n');
}

function bare(fingerprint: string): string {
  return fingerprint
    .replace(/^sha256:/i, '')
    .replaceAll(':', '')
    .toLowerCase();
}

function failed(code: string, found: string, advice: string): Finding {
  return { check: 'trust', state: 'error', found, advice, error: { code, retry: 'never' } };
}
