/** What a rule can grant, as bits. */

/** Bit of each capability. */
export const capabilityBits = { create: 1, read: 2, update: 4, patch: 8, delete: 16, list: 32, scan: 64, sudo: 128, deny: 256 } as const;

/** A capability as policies spell it. */
export type Capability = keyof typeof capabilityBits;

/** A union of capability bits. */
export type Capabilities = number;

/** Tells whether a word is a capability. */
export function isCapability(word: string): word is Capability {
  return Object.hasOwn(capabilityBits, word);
}

/** The capabilities in a union, sorted by name. */
export function capabilityNames(held: Capabilities): readonly Capability[] {
  return Object.keys(capabilityBits)
    .filter((name) => isCapability(name))
    .filter((name) => (held & capabilityBits[name]) !== 0)
    .sort();
}

/** The notation older than capabilities: `policy = "write"`. */
export const legacyCapabilities: Readonly<Record<string, readonly Capability[]>> = {
  deny: ['deny'],
  read: ['read', 'list'],
  write: ['create', 'read', 'update', 'delete', 'list'],
  sudo: ['create', 'read', 'update', 'delete', 'list', 'sudo'],
};
