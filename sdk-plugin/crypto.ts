/**
 * Cryptography carried out by the host, in the shape of Web Crypto's `SubtleCrypto`. A key is a handle: what a plugin holds is sealed by the
 * host for its mount, and the material never comes to the plugin unless the key was made extractable and is exported.
 * Handles are kept like any other data: store `key.sealed`, and `ctx.crypto.openKey` makes a key of it again.
 * @source W3C Web Cryptography Level 2
 */

/** What a key may be used for. */
export type KeyUsage = 'encrypt' | 'decrypt' | 'sign' | 'verify' | 'deriveKey' | 'deriveBits' | 'wrapKey' | 'unwrapKey';
/** How material is written: `raw` secrets and points, `spki` public and `pkcs8` private keys in DER, `jwk` the JSON text of a JWK, in UTF-8. */
export type KeyFormat = 'raw' | 'spki' | 'pkcs8' | 'jwk';
export type HashName = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';
export type CurveName = 'P-256' | 'P-384' | 'P-521';

/** Keys with one half. */
export type SecretKeyAlgorithm =
  | { readonly name: 'AES-GCM' | 'AES-CBC' | 'AES-KW'; readonly length: 128 | 192 | 256 }
  | { readonly name: 'ChaCha20-Poly1305' }
  /** `length` in bits, a multiple of 8; default: the hash's block. */
  | { readonly name: 'HMAC'; readonly hash: HashName; readonly length?: number };
/** Keys with two. The public exponent of RSA is 65537. */
export type PairAlgorithm =
  | { readonly name: 'ECDSA' | 'ECDH'; readonly namedCurve: CurveName }
  | { readonly name: 'Ed25519' | 'X25519' }
  | {
      readonly name: 'RSASSA-PKCS1-v1_5' | 'RSA-PSS' | 'RSA-OAEP';
      readonly hash: HashName;
      /** Bits. */
      readonly modulusLength: 2048 | 3072 | 4096;
    };
/** What a key is imported or derived for: sizes follow from the material, but for derived keys. */
export type ImportAlgorithm =
  | { readonly name: 'AES-GCM' | 'AES-CBC' | 'AES-KW' | 'ChaCha20-Poly1305' | 'HKDF' | 'PBKDF2' | 'Ed25519' | 'X25519' }
  | { readonly name: 'HMAC' | 'RSASSA-PKCS1-v1_5' | 'RSA-PSS' | 'RSA-OAEP'; readonly hash: HashName }
  | { readonly name: 'ECDSA' | 'ECDH'; readonly namedCurve: CurveName };

export type CipherParams =
  /** `iv` of 12 bytes (any length from 1 to 128 for AES-GCM), never used twice with a key; the tag of `tagLength` bits (default 128) follows the ciphertext. */
  | {
      readonly name: 'AES-GCM';
      readonly iv: Uint8Array;
      readonly additionalData?: Uint8Array;
      readonly tagLength?: 96 | 104 | 112 | 120 | 128;
    }
  | { readonly name: 'ChaCha20-Poly1305'; readonly iv: Uint8Array; readonly additionalData?: Uint8Array }
  /** `iv` of 16 bytes. */
  | { readonly name: 'AES-CBC'; readonly iv: Uint8Array }
  | { readonly name: 'RSA-OAEP'; readonly label?: Uint8Array };
export type SignatureParams =
  | { readonly name: 'HMAC' | 'Ed25519' | 'RSASSA-PKCS1-v1_5' }
  /** Signatures are r then s, each of the curve's size. */
  | { readonly name: 'ECDSA'; readonly hash: HashName }
  /** `saltLength` in bytes. */
  | { readonly name: 'RSA-PSS'; readonly saltLength: number };
export type DeriveParams =
  | { readonly name: 'HKDF'; readonly hash: HashName; readonly salt: Uint8Array; readonly info: Uint8Array }
  | { readonly name: 'PBKDF2'; readonly hash: HashName; readonly salt: Uint8Array; readonly iterations: number }
  | { readonly name: 'ECDH' | 'X25519'; readonly public: CryptoKey };
export type WrapParams = CipherParams | { readonly name: 'AES-KW' };

/** A handle of a key that the host holds for this mount. */
export interface CryptoKey {
  readonly type: 'secret' | 'private' | 'public';
  readonly extractable: boolean;
  readonly algorithm: SecretKeyAlgorithm | PairAlgorithm | ImportAlgorithm;
  readonly usages: readonly KeyUsage[];
  /** What to store: means nothing outside this mount. Some hundred bytes more than the material. */
  readonly sealed: Uint8Array;
}

/** Both halves. Usages are shared out as each half can have them. */
export interface CryptoKeyPair {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

/** Why an operation can't be done, by the names of Web Crypto. */
export type CryptoErrorName = 'NotSupportedError' | 'InvalidAccessError' | 'OperationError' | 'DataError' | 'SyntaxError';

/** Thrown by everything of `Crypto`. Uncaught it is a 500. */
export class CryptoError extends Error {
  override readonly name: CryptoErrorName;

  constructor(name: CryptoErrorName, message: string) {
    super(message);
    this.name = name;
  }
}

/**
 * The operations. Data is at most 8 MiB, and what is derived at most 8 KiB. All but `openKey` reject with a CryptoError: `InvalidAccessError` for a
 * key of another algorithm or without the usage, `DataError` for malformed material, `NotSupportedError` for what is not listed here,
 * `OperationError` when it fails: a tag or padding that doesn't fit. Asking for what is random (keys, encryption, signatures) makes an
 * answer uncacheable.
 */
export interface Crypto {
  generateKey(algorithm: SecretKeyAlgorithm, extractable: boolean, usages: readonly KeyUsage[]): Promise<CryptoKey>;
  generateKey(algorithm: PairAlgorithm, extractable: boolean, usages: readonly KeyUsage[]): Promise<CryptoKeyPair>;
  importKey(
    format: KeyFormat,
    material: Uint8Array,
    algorithm: ImportAlgorithm,
    extractable: boolean,
    usages: readonly KeyUsage[],
  ): Promise<CryptoKey>;
  /** The one way for material to come to a plugin. */
  exportKey(format: KeyFormat, key: CryptoKey): Promise<Uint8Array>;
  /** Of a sealed handle. The host finds out whether it is one when the key is used. @throws CryptoError `DataError` for what can't be one */
  openKey(sealed: Uint8Array): CryptoKey;
  encrypt(params: CipherParams, key: CryptoKey, data: Uint8Array): Promise<Uint8Array>;
  decrypt(params: CipherParams, key: CryptoKey, data: Uint8Array): Promise<Uint8Array>;
  sign(params: SignatureParams, key: CryptoKey, data: Uint8Array): Promise<Uint8Array>;
  verify(params: SignatureParams, key: CryptoKey, signature: Uint8Array, data: Uint8Array): Promise<boolean>;
  digest(hash: HashName, data: Uint8Array): Promise<Uint8Array>;
  /** @param length bits, a multiple of 8 */
  deriveBits(params: DeriveParams, key: CryptoKey, length: number): Promise<Uint8Array>;
  deriveKey(
    params: DeriveParams,
    key: CryptoKey,
    algorithm: SecretKeyAlgorithm,
    extractable: boolean,
    usages: readonly KeyUsage[],
  ): Promise<CryptoKey>;
  /** Exports a key, which must be extractable, and encrypts it, without its material coming to the plugin. */
  wrapKey(format: KeyFormat, key: CryptoKey, wrapping: CryptoKey, params: WrapParams): Promise<Uint8Array>;
  unwrapKey(
    format: KeyFormat,
    wrapped: Uint8Array,
    unwrapping: CryptoKey,
    params: WrapParams,
    algorithm: ImportAlgorithm,
    extractable: boolean,
    usages: readonly KeyUsage[],
  ): Promise<CryptoKey>;
}
