// Access tokens as the sandbox's mail servers take them: OAUTHBEARER (RFC 7628) and XOAUTH2.
import type { ServiceOptions } from './service-options.ts';

const MECHANISMS = ['XOAUTH2', 'OAUTHBEARER'] as const;

/** What is offered; nothing where no token can be checked. */
export function bearerMechanisms({ acceptToken }: ServiceOptions): readonly string[] {
  return acceptToken === undefined ? [] : MECHANISMS;
}

export function isBearer(mechanism: string, options: ServiceOptions): boolean {
  return bearerMechanisms(options).includes(mechanism);
}

/** Whose mailbox the token opens is asked of the authorization server. */
export async function rightBearer({ acceptToken }: ServiceOptions, mechanism: string, message: Buffer): Promise<boolean> {
  const parts = message.toString('utf8').split('\x01');
  const [first = ''] = parts;
  const user =
    mechanism === 'XOAUTH2'
      ? /^user=(.*)$/s.exec(first)?.[1]
      : /^n,a=([^,]*),$/s.exec(first)?.[1]?.replaceAll('=2C', ',').replaceAll('=3D', '=');
  const token = parts.find(part => /^auth=bearer /i.test(part))?.slice('auth=bearer '.length);
  if (user === undefined || token === undefined || !message.toString('utf8').endsWith('\x01\x01')) return false;
  return (await acceptToken?.(user, token)) === true;
}

/** What is said before a refusal (RFC 7628 section 3.2.2), in base64. */
export const BEARER_REASON = Buffer.from('{"status":"401","schemes":"bearer","scope":"mail"}').toString('base64');
