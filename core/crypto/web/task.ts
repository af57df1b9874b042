/** What the operations of Web Crypto share: the shapes of keys and tasks, and the checks of what a plugin gives. */
import type { KeyObject } from 'node:crypto';
import { CryptoError, type CryptoErrorName, type KeyUsage } from '@strongroom/sdk-plugin';
import type { CryptoQuestion } from '@strongroom/sdk-plugin/serving';

/** An algorithm or parameters: a name and what belongs to it. */
export type Named = Readonly<Record<string, unknown>>;

/** What is known of a key besides its material. */
export interface KeyFacts {
  readonly type: 'secret' | 'private' | 'public';
  readonly extractable: boolean;
  readonly algorithm: Named;
  readonly usages: readonly string[];
}

/** A key that can be used. */
export interface OpenKey extends KeyFacts {
  readonly object: KeyObject;
}

/** An operation with its keys opened. Crosses to a thread as it is. */
export interface CryptoTask extends CryptoQuestion {
  /** The key that works, and the one that is worked on or the peer's. */
  readonly key?: OpenKey;
  readonly other?: OpenKey;
}

/** What comes of a task: bytes, or keys. */
export interface CryptoResult {
  readonly bytes?: Uint8Array;
  readonly keys?: readonly OpenKey[];
}

/** Most bytes of data. */
const dataMax: number = 8 * 1024 * 1024;
/** Most bytes that are derived. */
export const derivedMax: number = 8192;
/** Most rounds of PBKDF2. */
export const iterationsMax: number = 10_000_000;
/** Data above this takes longer than the way to another thread. */
export const inPlaceBytes: number = 65_536;

/** Its name in OpenSSL, and its sizes in bytes. */
export interface Hash {
  readonly node: string;
  readonly bytes: number;
  readonly block: number;
}
const hashes: Readonly<Record<string, Hash>> = {
  'SHA-1': { node: 'sha1', bytes: 20, block: 64 },
  'SHA-256': { node: 'sha256', bytes: 32, block: 64 },
  'SHA-384': { node: 'sha384', bytes: 48, block: 128 },
  'SHA-512': { node: 'sha512', bytes: 64, block: 128 },
};
/** Curves by the names that OpenSSL has for them. */
export const curves: Readonly<Record<string, string>> = { 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' };

/** What keys of an algorithm are, and what each half may do. */
export interface Family {
  readonly kind: 'secret' | 'pair';
  readonly secret?: readonly KeyUsage[];
  readonly private?: readonly KeyUsage[];
  readonly public?: readonly KeyUsage[];
}
const families: Readonly<Record<string, Family>> = {
  'AES-GCM': { kind: 'secret', secret: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'] },
  'AES-CBC': { kind: 'secret', secret: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'] },
  'AES-KW': { kind: 'secret', secret: ['wrapKey', 'unwrapKey'] },
  'ChaCha20-Poly1305': { kind: 'secret', secret: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'] },
  HMAC: { kind: 'secret', secret: ['sign', 'verify'] },
  HKDF: { kind: 'secret', secret: ['deriveKey', 'deriveBits'] },
  PBKDF2: { kind: 'secret', secret: ['deriveKey', 'deriveBits'] },
  ECDSA: { kind: 'pair', private: ['sign'], public: ['verify'] },
  Ed25519: { kind: 'pair', private: ['sign'], public: ['verify'] },
  ECDH: { kind: 'pair', private: ['deriveKey', 'deriveBits'], public: [] },
  X25519: { kind: 'pair', private: ['deriveKey', 'deriveBits'], public: [] },
  'RSASSA-PKCS1-v1_5': { kind: 'pair', private: ['sign'], public: ['verify'] },
  'RSA-PSS': { kind: 'pair', private: ['sign'], public: ['verify'] },
  'RSA-OAEP': { kind: 'pair', private: ['decrypt', 'unwrapKey'], public: ['encrypt', 'wrapKey'] },
};

/** Refuses. */
export function fail(name: CryptoErrorName, message: string): never {
  throw new CryptoError(name, message);
}

/** The name of an algorithm. @throws CryptoError `NotSupportedError` */
export function nameOf(algorithm: Named | undefined): string {
  const name = algorithm?.['name'];
  if (typeof name === 'string' && Object.hasOwn(families, name)) return name;
  return fail('NotSupportedError', 'field algorithm.name: not an algorithm that the host knows');
}

/** What a key of an algorithm is for. */
export function familyOf(name: string): Family {
  return families[name] ?? fail('NotSupportedError', 'field algorithm.name: not an algorithm that the host knows');
}

/** A hash by its name. @throws CryptoError `NotSupportedError` */
export function hashOf(algorithm: Named | undefined): Hash & { readonly name: string } {
  const name = algorithm?.['hash'];
  const found = typeof name === 'string' && Object.hasOwn(hashes, name) ? hashes[name] : undefined;
  return found === undefined
    ? fail('NotSupportedError', 'field hash: expected SHA-1, SHA-256, SHA-384 or SHA-512')
    : { ...found, name: name as string };
}

/** The name of a curve. @throws CryptoError `NotSupportedError` */
export function curveOf(algorithm: Named): string {
  const name = algorithm['namedCurve'];
  return typeof name === 'string' && Object.hasOwn(curves, name)
    ? name
    : fail('NotSupportedError', 'field namedCurve: expected P-256, P-384 or P-521');
}

/** A number within bounds. @throws CryptoError `OperationError` */
export function whole(value: unknown, field: string, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  return fail('OperationError', `field ${field}: expected a whole number from ${least} to ${most}`);
}

/** Bytes of a task. @throws CryptoError `DataError` */
export function bytesOf({ bytes }: CryptoTask, name: string, most: number = dataMax): Uint8Array {
  const value = Object.hasOwn(bytes, name) ? bytes[name] : undefined;
  if (value === undefined) return fail('DataError', `field ${name}: expected bytes`);
  return value.length <= most ? value : fail('DataError', `field ${name}: at most ${most} bytes`);
}

/** As `bytesOf`, or undefined when there are none. */
export function optionalBytes(task: CryptoTask, name: string): Uint8Array | undefined {
  return Object.hasOwn(task.bytes, name) ? bytesOf(task, name) : undefined;
}

/** A key that must be there. @throws CryptoError `DataError` */
export function needed(key: OpenKey | undefined): OpenKey {
  return key ?? fail('DataError', 'field key: expected a key');
}

/** A key whose material may leave the host. @throws CryptoError `InvalidAccessError` */
export function extractable(key: OpenKey): OpenKey {
  return key.extractable ? key : fail('InvalidAccessError', 'the key is not extractable');
}

/** The key of a task, which must be of the algorithm that its parameters name. */
export function usable({ key: given, params }: CryptoTask, usage: KeyUsage): OpenKey {
  const key = needed(given);
  if (params?.['name'] !== key.algorithm['name']) fail('InvalidAccessError', 'field params.name: the key is of another algorithm');
  if (!key.usages.includes(usage)) fail('InvalidAccessError', `the key may not be used to ${usage}`);
  return key;
}

/** Bytes of a number of bits. @throws CryptoError `OperationError` */
export function bitsToBytes(bits: unknown, field: string): number {
  return whole(typeof bits === 'number' ? bits / 8 : bits, `${field} / 8`, 1, derivedMax);
}
