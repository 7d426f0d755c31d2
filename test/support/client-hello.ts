// What a ClientHello offers (RFC 8446 sections 4.1.2 and 4.2.11, RFC 5077 section 3.2).

const SESSION_TICKET = 35;
const PRE_SHARED_KEY = 41;
const KEY_SHARE = 51;

/** The ticket of TLS 1.3, or else that of TLS 1.2; undefined when nothing is offered. `hello`: one whole record. */
export function ticketIn(hello: Buffer): Buffer | undefined {
  const offered = extensionsIn(hello);
  const keys = offered.get(PRE_SHARED_KEY);
  if (keys !== undefined) return keys.subarray(4, 4 + keys.readUInt16BE(2));
  const ticket = offered.get(SESSION_TICKET);
  return ticket === undefined || ticket.length === 0 ? undefined : ticket;
}

/** The groups (RFC 8446 section 4.2.7) for which it brings a key already. */
export function groupsGuessedIn(hello: Buffer): readonly number[] {
  const shares = extensionsIn(hello).get(KEY_SHARE) ?? Buffer.alloc(2);
  const groups: number[] = [];
  for (let at = 2; at < shares.length; at += 4 + shares.readUInt16BE(at + 2)) groups.push(shares.readUInt16BE(at));
  return groups;
}

function extensionsIn(hello: Buffer): ReadonlyMap<number, Buffer> {
  // Record and handshake headers, version, random.
  let at = 5 + 4 + 2 + 32;
  at += 1 + hello.readUInt8(at);
  at += 2 + hello.readUInt16BE(at);
  at += 1 + hello.readUInt8(at);
  const end = at + 2 + hello.readUInt16BE(at);
  const found = new Map<number, Buffer>();
  for (at += 2; at < end; ) {
    const length = hello.readUInt16BE(at + 2);
    found.set(hello.readUInt16BE(at), hello.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
}
