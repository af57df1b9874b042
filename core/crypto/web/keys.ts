/** Keys: made, imported, exported, and what of them is kept. */
import { createPrivateKey, createPublicKey, createSecretKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { CryptoError } from '@strongroom/sdk-plugin';
import {
  bitsToBytes,
  type CryptoTask,
  curveOf,
  curves,
  derivedMax,
  fail,
  familyOf,
  type Family,
  hashOf,
  type KeyFacts,
  type Named,
  nameOf,
  type OpenKey,
} from './task.ts';

/** The usages that a half gets: those asked for that it can have. */
function usagesFor(asked: readonly string[] | undefined, able: readonly string[], all: readonly string[]): readonly string[] {
  const wanted = asked ?? [];
  const alien = wanted.find((usage) => !all.includes(usage));
  if (alien !== undefined) fail('SyntaxError', 'field usages: names what keys of this algorithm can not do');
  return able.filter((usage) => wanted.includes(usage));
}

function allUsages(family: Family): readonly string[] {
  return [...(family.secret ?? []), ...(family.private ?? []), ...(family.public ?? [])];
}

export function secretBytes(name: string, algorithm: Named): { readonly size: number; readonly algorithm: Named } {
  switch (name) {
    case 'AES-GCM':
    case 'AES-CBC':
    case 'AES-KW': {
      const { length } = algorithm;
      if (length !== 128 && length !== 192 && length !== 256) return fail('OperationError', 'field length: expected 128, 192 or 256');
      return { size: length / 8, algorithm: { name, length } };
    }
    case 'ChaCha20-Poly1305':
      return { size: 32, algorithm: { name } };
    case 'HMAC': {
      const hash = hashOf(algorithm);
      const size = algorithm['length'] === undefined ? hash.block : bitsToBytes(algorithm['length'], 'algorithm.length');
      return { size, algorithm: { name, hash: hash.name, length: size * 8 } };
    }
    default:
      return fail('NotSupportedError', 'field algorithm.name: keys of this algorithm are imported, not generated');
  }
}

export function generated({ algorithm = {}, usages, extractable: mayLeave = false }: CryptoTask): readonly OpenKey[] {
  const name = nameOf(algorithm);
  const family = familyOf(name);
  if (family.kind === 'secret') {
    const { size, algorithm: made } = secretBytes(name, algorithm);
    const able = usagesFor(usages, family.secret ?? [], allUsages(family));
    if (able.length === 0) fail('SyntaxError', 'field usages: must not be empty');
    return [{ type: 'secret', extractable: mayLeave, algorithm: made, usages: able, object: createSecretKey(randomBytes(size)) }];
  }
  const privateUsages = usagesFor(usages, family.private ?? [], allUsages(family));
  if (privateUsages.length === 0) fail('SyntaxError', 'field usages: names nothing that a private key can do');
  const { pair, algorithm: made } = generatePair(name, algorithm);
  const facts = { algorithm: made };
  return [
    {
      ...facts,
      type: 'public',
      extractable: true,
      usages: usagesFor(usages, family.public ?? [], allUsages(family)),
      object: pair.publicKey,
    },
    { ...facts, type: 'private', extractable: mayLeave, usages: privateUsages, object: pair.privateKey },
  ];
}

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

function generatePair(name: string, algorithm: Named): { readonly pair: Pair; readonly algorithm: Named } {
  switch (name) {
    case 'ECDSA':
    case 'ECDH': {
      const namedCurve = curveOf(algorithm);
      return { pair: generateKeyPairSync('ec', { namedCurve: curves[namedCurve]! }), algorithm: { name, namedCurve } };
    }
    case 'Ed25519':
      return { pair: generateKeyPairSync('ed25519'), algorithm: { name } };
    case 'X25519':
      return { pair: generateKeyPairSync('x25519'), algorithm: { name } };
    default: {
      const { modulusLength } = algorithm;
      if (modulusLength !== 2048 && modulusLength !== 3072 && modulusLength !== 4096)
        return fail('OperationError', 'field modulusLength: expected 2048, 3072 or 4096');
      const hash = hashOf(algorithm).name;
      return { pair: generateKeyPairSync('rsa', { modulusLength, publicExponent: 65_537 }), algorithm: { name, hash, modulusLength } };
    }
  }
}

export function imported({ algorithm = {}, format, usages, extractable: mayLeave = false }: CryptoTask, material: Uint8Array): OpenKey {
  const name = nameOf(algorithm);
  const family = familyOf(name);
  const object = family.kind === 'secret' ? secretObject(format, material) : pairObject(name, format, material, algorithm);
  const { type } = object;
  const able = usagesFor(
    usages,
    (type === 'secret' ? family.secret : type === 'private' ? family.private : family.public) ?? [],
    allUsages(family),
  );
  if (able.length === 0 && type !== 'public') fail('SyntaxError', 'field usages: must not be empty');
  if (able.length < (usages ?? []).length) fail('SyntaxError', `field usages: names what a ${type} key can not do`);
  return { type, extractable: mayLeave || type === 'public', algorithm: importedAlgorithm(name, algorithm, object), usages: able, object };
}

function secretObject(format: string | undefined, material: Uint8Array): KeyObject {
  if (format === 'raw') return createSecretKey(material);
  if (format !== 'jwk') return fail('NotSupportedError', 'field format: expected raw or jwk');
  const { kty, k } = jwkOf(material);
  if (kty !== 'oct' || typeof k !== 'string') return fail('DataError', 'the JWK is not a secret key');
  return createSecretKey(k, 'base64url');
}

function jwkOf(material: Uint8Array): Named {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(material).toString());
    if (typeof parsed === 'object' && parsed !== null) return parsed as Named;
  } catch {
    // Said below, without the text.
  }
  return fail('DataError', 'the key is not a JWK');
}

function pairObject(name: string, format: string | undefined, material: Uint8Array, algorithm: Named): KeyObject {
  const key = Buffer.from(material);
  let object: KeyObject;
  try {
    switch (format) {
      case 'spki':
        object = createPublicKey({ key, format: 'der', type: 'spki' });
        break;
      case 'pkcs8':
        object = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
        break;
      case 'jwk': {
        const jwk = jwkOf(material);
        object = jwk['d'] === undefined ? createPublicKey({ key: jwk, format: 'jwk' }) : createPrivateKey({ key: jwk, format: 'jwk' });
        break;
      }
      case 'raw':
        object = rawPublic(name, key, algorithm);
        break;
      case undefined:
      default:
        return fail('NotSupportedError', 'field format: expected raw, spki, pkcs8 or jwk');
    }
  } catch (error) {
    if (error instanceof CryptoError) throw error;
    return fail('DataError', `the material is no key in the form of ${format}`);
  }
  return object;
}

/** A public key from a point. */
function rawPublic(name: string, point: Buffer, algorithm: Named): KeyObject {
  if (name === 'Ed25519' || name === 'X25519')
    return createPublicKey({ key: { kty: 'OKP', crv: name, x: point.toString('base64url') }, format: 'jwk' });
  if (name !== 'ECDSA' && name !== 'ECDH') return fail('NotSupportedError', 'field format: raw is for secrets and points of curves');
  const size = (point.length - 1) / 2;
  if (point[0] !== 4 || !Number.isInteger(size)) return fail('DataError', 'the point is not in uncompressed form');
  const [x, y] = [point.subarray(1, 1 + size).toString('base64url'), point.subarray(1 + size).toString('base64url')];
  return createPublicKey({ key: { kty: 'EC', crv: curveOf(algorithm), x, y }, format: 'jwk' });
}

/** The algorithm of an imported key, with what follows from its material. */
function importedAlgorithm(name: string, algorithm: Named, object: KeyObject): Named {
  const size = object.symmetricKeySize ?? 0;
  const details = object.asymmetricKeyDetails;
  const expect = (right: boolean, what: string): void => {
    if (!right) fail('DataError', `the material is not ${what}`);
  };
  switch (name) {
    case 'AES-GCM':
    case 'AES-CBC':
    case 'AES-KW':
      expect(size === 16 || size === 24 || size === 32, 'of 128, 192 or 256 bits');
      return { name, length: size * 8 };
    case 'ChaCha20-Poly1305':
      expect(size === 32, 'of 256 bits');
      return { name };
    case 'HMAC':
      expect(size > 0 && size <= derivedMax, `of 1 to ${derivedMax} bytes`);
      return { name, hash: hashOf(algorithm).name, length: size * 8 };
    case 'HKDF':
    case 'PBKDF2':
      expect(size <= derivedMax, `of at most ${derivedMax} bytes`);
      return { name };
    case 'ECDSA':
    case 'ECDH': {
      const namedCurve = curveOf(algorithm);
      expect(object.asymmetricKeyType === 'ec' && details?.namedCurve === curves[namedCurve]!, `a key of ${namedCurve}`);
      return { name, namedCurve };
    }
    case 'Ed25519':
    case 'X25519':
      expect(object.asymmetricKeyType === name.toLowerCase(), `a key of ${name}`);
      return { name };
    default: {
      const modulusLength = details?.modulusLength ?? 0;
      expect(object.asymmetricKeyType === 'rsa' && modulusLength >= 2048 && modulusLength <= 8192, 'an RSA key of 2048 to 8192 bits');
      return { name, hash: hashOf(algorithm).name, modulusLength };
    }
  }
}

/** The material of a key. The caller has made sure that it may leave. */
export function exported(format: string | undefined, { object, type, algorithm }: OpenKey): Uint8Array {
  if (format === 'jwk') return Buffer.from(JSON.stringify(object.export({ format: 'jwk' })));
  if (type === 'secret' && format === 'raw') return object.export();
  if (type === 'public' && format === 'spki') return object.export({ format: 'der', type: 'spki' });
  if (type === 'private' && format === 'pkcs8') return object.export({ format: 'der', type: 'pkcs8' });
  if (type === 'public' && format === 'raw') {
    const { crv, x = '', y } = object.export({ format: 'jwk' }) as { readonly crv?: string; readonly x?: string; readonly y?: string };
    if (crv !== undefined) {
      const point = Buffer.from(x, 'base64url');
      return y === undefined ? point : Buffer.concat([Uint8Array.of(4), point, Buffer.from(y, 'base64url')]);
    }
  }
  return fail('NotSupportedError', `field format: not one for a ${type} key of ${String(algorithm['name'])}`);
}

/** What is kept of a key, in the form that `keyFrom` reads. */
export function materialOf({ object, type }: OpenKey): Buffer {
  if (type === 'secret') return object.export();
  return type === 'public' ? object.export({ format: 'der', type: 'spki' }) : object.export({ format: 'der', type: 'pkcs8' });
}

/** The key that `materialOf` was taken of. */
export function keyFrom({ type }: KeyFacts, material: Buffer): KeyObject {
  if (type === 'secret') return createSecretKey(material);
  return type === 'public'
    ? createPublicKey({ key: material, format: 'der', type: 'spki' })
    : createPrivateKey({ key: material, format: 'der', type: 'pkcs8' });
}
