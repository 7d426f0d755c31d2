// The system's keychain through keytar, loaded only when asked: a machine without one works without a word about it.

const SERVICE = 'postrider';

/** Undefined when the keychain has no such entry, or when this machine has no keychain. */
export async function secretFromKeychain(name: string): Promise<string | undefined> {
  try {
    const { default: keytar } = await import('keytar');
    return (await keytar.getPassword(SERVICE, name)) ?? undefined;
  } catch {
    return undefined;
  }
}
