// SASL as POP3 and SMTP see it: credentials of an endpoint, the choice of a mechanism, the exchange over AUTH.
export type { Credentials } from './choice.ts';
export type { AuthLines, Turn } from './dialogue.ts';
export type { Mechanism } from './exchange.ts';
export { credentialsOf, proveIdentity } from './identity.ts';
