// Where the data connection goes: the port in 229 and 227 replies, and the arguments of EPRT and PORT (RFC 2428, RFC 959).

/** The port of a 229 reply: `(|||6446|)` with any delimiter, parentheses or not, address given or not. Undefined when there is none. */
export function extendedPassivePort(text: string): number | undefined {
  const match = /([!-/:-~])[12]?\1[^ ()]*?\1(\d{1,5})\1/.exec(text);
  return match === null ? undefined : usablePort(Number(match[2]));
}

/**
 * The port of a 227 reply: six numbers wherever they stand (RFC 1123 section 4.1.2.6). The address is ignored on purpose:
 * behind NAT it is wrong, and from a hostile server it would make us knock on other machines.
 */
export function passivePort(text: string): number | undefined {
  const match = /(?<![\d-])\d{1,3}(?:\s*,\s*\d{1,3}){3}\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})(?!\d)/.exec(text);
  const [high, low] = [Number(match?.[1]), Number(match?.[2])];
  return match === null || high > 255 || low > 255 ? undefined : usablePort(high * 256 + low);
}

function usablePort(port: number): number | undefined {
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** `EPRT |1|192.0.2.1|6275|` */
export function extendedPortCommand(address: string, port: number): string {
  const plain = unmapped(address);
  return `EPRT |${plain.includes(':') ? 2 : 1}|${plain}|${port}|`;
}

/** `PORT 192,0,2,1,24,131`, or undefined for an IPv6 address, which PORT cannot say. */
export function portCommand(address: string, port: number): string | undefined {
  const plain = unmapped(address);
  return plain.includes(':') ? undefined : `PORT ${[...plain.split('.'), port >> 8, port & 0xff].join(',')}`;
}

/** IPv4 as a dual-stack socket shows it. */
function unmapped(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
