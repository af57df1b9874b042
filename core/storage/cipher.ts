/**
 * What the log needs from the barrier: names on disk are ciphertext under the log key, and the keyring travels in the log itself.
 * The log calls these in the order of its frames, so a keyring record is known before the first frame that was sealed under it.
 */
export interface LogCipher {
  /** Takes the newest keyring record that the log (or the manifest) holds. Throws when it does not open under the root key. */
  keyring(record: Uint8Array): void;
  /** Seals bytes (names of a frame, an index page) under the newest log key; the result names the key's version. `aad` is bound, not stored. */
  seal(plaintext: Uint8Array, aad: Uint8Array): Uint8Array;
  /** Opens what `seal` made. Throws one uniform error for every failure. */
  open(sealed: Uint8Array, aad: Uint8Array): Uint8Array;
  /** A 32-byte MAC over the manifest, under a key derived from the newest log key's family that survives rotation. */
  mac(bytes: Uint8Array): Uint8Array;
  /** Tells, in constant time, whether a MAC is this family's, or of the one that it has just replaced. */
  isMac(bytes: Uint8Array, mac: Uint8Array): boolean;
  /**
   * Compaction shows it every live value of the keys it copies; the answer is the same value wrapped under the newest key, or
   * undefined when it is current. The plaintext and the revision stay as they are.
   */
  rewrap(key: string, value: Uint8Array): Uint8Array | undefined;
}
