/**
 * The host's keys against Node's own Web Crypto. Invariants: what one makes the other reads; a handle says nothing to anybody but its mount's host;
 * material leaves by export alone.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import type { CipherParams, Crypto, CryptoKey, HashName, ImportAlgorithm, KeyUsage, SignatureParams } from '@strongroom/sdk-plugin';
import { cryptoClient } from '@strongroom/sdk-plugin/serving';
import { MemoryCrypto } from '@strongroom/sdk-plugin/testing/memory-crypto';
import { Barrier } from '../barrier/barrier.ts';
import { DerivedCache } from '../barrier/derived-cache.ts';
import { Keyring } from '../barrier/keyring.ts';
import { Transaction, type Vault } from '../barrier/transaction.ts';
import { openMemory } from '../storage/memory.ts';
import { JobPool } from './job-pool.ts';
import { dropHandleKey, type MadeKeys, PluginCrypto } from './plugin-crypto.ts';

const vault: Vault = {
  storage: openMemory({ seed: 1 }),
  barrier: new Barrier(randomBytes(32), 'c', Keyring.create(0)),
  derived: new DerivedCache(10),
};
const jobs = new JobPool();
afterAll(() => jobs.close());

const none = (): void => {};
const plugins = new PluginCrypto(vault, jobs);
const host = cryptoClient(plugins.of('m'), none);
const memory = new MemoryCrypto();
const node = cryptoClient((question) => memory.answer(question), none);
const data = Buffer.from('what is written here');

async function moved(key: CryptoKey, from: Crypto, to: Crypto): Promise<CryptoKey> {
  const format = key.type === 'secret' ? 'raw' : key.type === 'public' ? 'spki' : 'pkcs8';
  const { length: _, ...algorithm } = key.algorithm as ImportAlgorithm & { length?: number };
  return to.importKey(format, await from.exportKey(format, key), algorithm, true, key.usages);
}

const both: KeyUsage[] = ['encrypt', 'decrypt'];
const signs: KeyUsage[] = ['sign', 'verify'];

describe.each([
  ['here, there', host, node],
  ['there, here', node, host],
])('made %s', (_, one, other) => {
  test.each<[object, CipherParams]>([
    [
      { name: 'AES-GCM', length: 256 },
      { name: 'AES-GCM', iv: randomBytes(12) },
    ],
    [
      { name: 'AES-GCM', length: 128 },
      { name: 'AES-GCM', iv: randomBytes(16), additionalData: randomBytes(9), tagLength: 96 },
    ],
    [
      { name: 'AES-CBC', length: 192 },
      { name: 'AES-CBC', iv: randomBytes(16) },
    ],
    [{ name: 'ChaCha20-Poly1305' }, { name: 'ChaCha20-Poly1305', iv: randomBytes(12), additionalData: randomBytes(5) }],
  ])('%o', async (algorithm, params) => {
    const key = await one.generateKey(algorithm as { name: 'AES-GCM'; length: 256 }, true, both);
    const same = await moved(key, one, other);
    expect(key).toMatchObject({ type: 'secret', extractable: true, algorithm, usages: both });
    expect(same).toMatchObject({ algorithm });
    const sealed = await one.encrypt(params, key, data);
    expect(Buffer.from(await other.encrypt(params, same, data))).toEqual(Buffer.from(sealed));
    expect(Buffer.from(await other.decrypt(params, same, sealed))).toEqual(data);
    sealed[0]! ^= 1;
    if (params.name !== 'AES-CBC') await expect(other.decrypt(params, same, sealed)).rejects.toMatchObject({ name: 'OperationError' });
  });

  test.each<[object, SignatureParams]>([
    [{ name: 'HMAC', hash: 'SHA-256' }, { name: 'HMAC' }],
    [{ name: 'HMAC', hash: 'SHA-512', length: 256 }, { name: 'HMAC' }],
    [
      { name: 'ECDSA', namedCurve: 'P-256' },
      { name: 'ECDSA', hash: 'SHA-256' },
    ],
    [
      { name: 'ECDSA', namedCurve: 'P-384' },
      { name: 'ECDSA', hash: 'SHA-512' },
    ],
    [
      { name: 'ECDSA', namedCurve: 'P-521' },
      { name: 'ECDSA', hash: 'SHA-1' },
    ],
    [{ name: 'Ed25519' }, { name: 'Ed25519' }],
    [{ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384', modulusLength: 2048 }, { name: 'RSASSA-PKCS1-v1_5' }],
    [
      { name: 'RSA-PSS', hash: 'SHA-256', modulusLength: 2048 },
      { name: 'RSA-PSS', saltLength: 32 },
    ],
  ])('%o', async (algorithm, params) => {
    const made = await one.generateKey(algorithm as { name: 'Ed25519' }, true, signs);
    const [privateKey, publicKey] = 'privateKey' in made ? [made.privateKey, made.publicKey] : [made as CryptoKey, made as CryptoKey];
    const mine = await moved(privateKey, one, other);
    const theirs = await moved(publicKey, one, other);
    for (const signature of [await one.sign(params, privateKey, data), await other.sign(params, mine, data)]) {
      expect(await one.verify(params, publicKey, signature, data)).toBe(true);
      expect(await other.verify(params, theirs, signature, data)).toBe(true);
      expect(await other.verify(params, theirs, signature, Buffer.from('other'))).toBe(false);
      signature[3]! ^= 1;
      expect(await one.verify(params, publicKey, signature, data)).toBe(false);
      expect(await one.verify(params, publicKey, signature.subarray(1), data)).toBe(false);
    }
  });

  test('RSA-OAEP, and keys wrapped with it', async () => {
    const usages: KeyUsage[] = [...both, 'wrapKey', 'unwrapKey'];
    const pair = await one.generateKey({ name: 'RSA-OAEP', hash: 'SHA-256', modulusLength: 2048 }, true, usages);
    expect([pair.publicKey.usages, pair.privateKey.usages].map((all) => all.toSorted())).toEqual([
      ['encrypt', 'wrapKey'],
      ['decrypt', 'unwrapKey'],
    ]);
    const mine = await moved(pair.privateKey, one, other);
    const params: CipherParams = { name: 'RSA-OAEP', label: Buffer.from('label') };
    expect(Buffer.from(await other.decrypt(params, mine, await one.encrypt(params, pair.publicKey, data)))).toEqual(data);
    const key = await one.generateKey({ name: 'AES-GCM', length: 256 }, true, both);
    const wrapped = await one.wrapKey('raw', key, pair.publicKey, params);
    const again = await other.unwrapKey('raw', wrapped, mine, params, { name: 'AES-GCM' }, false, ['encrypt']);
    const sealing: CipherParams = { name: 'AES-GCM', iv: randomBytes(12) };
    expect(Buffer.from(await one.decrypt(sealing, key, await other.encrypt(sealing, again, data)))).toEqual(data);
    await expect(other.exportKey('raw', again)).rejects.toMatchObject({ name: 'InvalidAccessError' });
  });

  test('AES-KW', async () => {
    const key = await one.generateKey({ name: 'AES-KW', length: 192 }, true, ['wrapKey', 'unwrapKey']);
    const secret = await one.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, signs);
    const wrapped = await one.wrapKey('raw', secret, key, { name: 'AES-KW' });
    const same = await moved(key, one, other);
    const again = await other.unwrapKey('raw', wrapped, same, { name: 'AES-KW' }, { name: 'HMAC', hash: 'SHA-256' }, true, signs);
    expect(Buffer.from(await other.exportKey('raw', again))).toEqual(Buffer.from(await one.exportKey('raw', secret)));
    wrapped[0]! ^= 1;
    await expect(
      other.unwrapKey('raw', wrapped, same, { name: 'AES-KW' }, { name: 'HMAC', hash: 'SHA-256' }, true, signs),
    ).rejects.toMatchObject({ name: 'OperationError' });
  });

  test.each(['ECDH P-256', 'ECDH P-521', 'X25519'])('%s', async (text) => {
    const [name, namedCurve] = text.split(' ');
    const algorithm = (namedCurve === undefined ? { name } : { name, namedCurve }) as { name: 'X25519' };
    const mine = await one.generateKey(algorithm, true, ['deriveBits', 'deriveKey']);
    const theirs = await other.generateKey(algorithm, true, ['deriveBits', 'deriveKey']);
    const raw = async (from: Crypto, to: Crypto, key: CryptoKey): Promise<CryptoKey> =>
      to.importKey('raw', await from.exportKey('raw', key), algorithm, true, []);
    const peerHere = await raw(other, one, theirs.publicKey);
    const peerThere = await raw(one, other, mine.publicKey);
    const bits = await one.deriveBits({ ...algorithm, public: peerHere }, mine.privateKey, 256);
    expect(Buffer.from(await other.deriveBits({ ...algorithm, public: peerThere }, theirs.privateKey, 256))).toEqual(Buffer.from(bits));
  });

  test('HKDF and PBKDF2', async () => {
    const salt = randomBytes(16);
    for (const [name, params] of [
      ['HKDF', { name: 'HKDF', hash: 'SHA-256', salt, info: Buffer.from('info') }],
      ['PBKDF2', { name: 'PBKDF2', hash: 'SHA-512', salt, iterations: 1000 }],
    ] as const) {
      const [a, b] = await Promise.all([one, other].map((all) => all.importKey('raw', data, { name }, false, ['deriveBits', 'deriveKey'])));
      const bits = await one.deriveBits(params, a!, 512);
      expect(Buffer.from(await other.deriveBits(params, b!, 512))).toEqual(Buffer.from(bits));
      const key = await one.deriveKey(params, a!, { name: 'AES-GCM', length: 256 }, true, both);
      expect(Buffer.from(await one.exportKey('raw', key))).toEqual(Buffer.from(bits.subarray(0, 32)));
    }
  });

  test('digests, and JWKs', async () => {
    for (const hash of ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'] satisfies HashName[])
      expect(Buffer.from(await one.digest(hash, data))).toEqual(Buffer.from(await other.digest(hash, data)));
    const pair = await one.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, signs);
    const there = await other.importKey('jwk', await one.exportKey('jwk', pair.privateKey), { name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
    ]);
    expect(there.type).toBe('private');
    const secret = await one.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, signs);
    const again = await other.importKey('jwk', await one.exportKey('jwk', secret), { name: 'HMAC', hash: 'SHA-256' }, true, signs);
    expect(Buffer.from(await other.exportKey('raw', again))).toEqual(Buffer.from(await one.exportKey('raw', secret)));
  });
});

describe('refused', () => {
  const aes = { name: 'AES-GCM', length: 256 } as const;
  const iv = randomBytes(12);
  test.each<[string, () => Promise<unknown>, string, RegExp]>([
    ['an unknown algorithm', () => host.generateKey({ name: 'DES' } as never, true, both), 'NotSupportedError', /algorithm\.name/],
    [
      'a prototype as an algorithm',
      () => host.generateKey({ name: 'constructor' } as never, true, both),
      'NotSupportedError',
      /algorithm\.name/,
    ],
    ['a length', () => host.generateKey({ name: 'AES-GCM', length: 512 } as never, true, both), 'OperationError', /128, 192 or 256/],
    [
      'a small modulus',
      () => host.generateKey({ name: 'RSA-PSS', hash: 'SHA-256', modulusLength: 1024 } as never, true, signs),
      'OperationError',
      /2048, 3072 or 4096/,
    ],
    ['a curve', () => host.generateKey({ name: 'ECDSA', namedCurve: 'K-256' } as never, true, signs), 'NotSupportedError', /namedCurve/],
    ['a key for nothing', () => host.generateKey(aes, true, []), 'SyntaxError', /usages/],
    ['a key for what it cannot do', () => host.generateKey(aes, true, ['sign']), 'SyntaxError', /usages/],
    ['short material', () => host.importKey('raw', randomBytes(31), { name: 'AES-GCM' }, true, both), 'DataError', /256 bits/],
    [
      'material of another curve',
      async () => {
        const { publicKey } = await host.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, true, signs);
        return host.importKey('spki', await host.exportKey('spki', publicKey), { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify']);
      },
      'DataError',
      /P-256/,
    ],
    ['garbage as a key', () => host.importKey('pkcs8', data, { name: 'Ed25519' }, true, ['sign']), 'DataError', /pkcs8/],
    [
      'a point that is none',
      () => host.importKey('raw', Buffer.concat([Uint8Array.of(4), randomBytes(64)]), { name: 'ECDH', namedCurve: 'P-256' }, true, []),
      'DataError',
      /raw/,
    ],
    ['a JWK that is none', () => host.importKey('jwk', data, { name: 'HMAC', hash: 'SHA-256' }, true, signs), 'DataError', /JWK/],
    [
      'an empty iv',
      async () => host.encrypt({ name: 'AES-GCM', iv: new Uint8Array(0) }, await host.generateKey(aes, true, both), data),
      'OperationError',
      /iv/,
    ],
    ['too much data', async () => host.digest('SHA-256', new Uint8Array(8 * 1024 * 1024 + 1)), 'DataError', /data: at most 8388608 bytes/],
    [
      'another algorithm',
      async () => host.encrypt({ name: 'AES-CBC', iv }, await host.generateKey(aes, true, both), data),
      'InvalidAccessError',
      /another algorithm/,
    ],
    [
      'a use that is not allowed',
      async () => host.decrypt({ name: 'AES-GCM', iv }, await host.generateKey(aes, true, ['encrypt']), data),
      'InvalidAccessError',
      /to decrypt/,
    ],
    ['an export', async () => host.exportKey('raw', await host.generateKey(aes, false, both)), 'InvalidAccessError', /not extractable/],
    [
      'the wrapping of what must not leave',
      async () => {
        const key = await host.generateKey({ name: 'AES-KW', length: 256 }, false, ['wrapKey']);
        return host.wrapKey('raw', await host.generateKey(aes, false, both), key, { name: 'AES-KW' });
      },
      'InvalidAccessError',
      /not extractable/,
    ],
    [
      'a forged handle',
      async () => {
        const { sealed } = await host.generateKey(aes, false, both);
        const forged = Buffer.from(Buffer.from(sealed).toString('latin1').replace('false', 'true '), 'latin1');
        return host.exportKey('raw', host.openKey(forged));
      },
      'DataError',
      /sealed for this mount/,
    ],
    ['no handle', async () => host.openKey(Uint8Array.of(1, 0, 200, 1)), 'DataError', /not a sealed key/],
    [
      'too many rounds',
      async () =>
        host.deriveBits(
          { name: 'PBKDF2', hash: 'SHA-256', salt: iv, iterations: 1e9 },
          await host.importKey('raw', data, { name: 'PBKDF2' }, false, ['deriveBits']),
          256,
        ),
      'OperationError',
      /iterations/,
    ],
  ])('%s', async (_, ask, name, message) => {
    const error: unknown = await ask().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name, message: expect.stringMatching(message) as string });
  });
});

describe('a handle', () => {
  const algorithm = { name: 'AES-GCM', length: 256 } as const;

  test('is opened again after the host has forgotten everything but its storage', async () => {
    const key = await host.generateKey(algorithm, false, both);
    const params: CipherParams = { name: 'AES-GCM', iv: randomBytes(12) };
    const sealed = await host.encrypt(params, key, data);
    const later = cryptoClient(new PluginCrypto(vault, jobs).of('m'), none);
    expect(Buffer.from(await later.decrypt(params, later.openKey(key.sealed), sealed))).toEqual(data);
  });

  test('means nothing to another mount, nor to its own once that is gone', async () => {
    const key = await host.generateKey(algorithm, true, both);
    const other = cryptoClient(plugins.of('other'), none);
    await expect(other.exportKey('raw', other.openKey(key.sealed))).rejects.toMatchObject({ name: 'DataError' });
    const tx = new Transaction(vault);
    dropHandleKey(tx, 'm');
    await tx.commit().durable;
    const later = cryptoClient(new PluginCrypto(vault, jobs).of('m'), none);
    await expect(later.exportKey('raw', later.openKey(key.sealed))).rejects.toMatchObject({ name: 'DataError' });
  });

  test('holds no material in clear', async () => {
    const material = randomBytes(32);
    const { sealed } = await host.importKey('raw', material, { name: 'AES-GCM' }, false, both);
    expect(Buffer.from(sealed).includes(material)).toBe(false);
  });
});

test('a request that restarts gets the keys it had asked for, and another phase others', async () => {
  const made: MadeKeys = new Map();
  const generate = async (phase: string): Promise<readonly string[]> => {
    const crypto = cryptoClient(plugins.of('m', made, phase), none);
    const one = await crypto.generateKey({ name: 'Ed25519' }, true, signs);
    const two = await crypto.generateKey({ name: 'Ed25519' }, true, signs);
    return [one, two].map(({ privateKey }) => Buffer.from(privateKey.sealed).toString('hex'));
  };
  const first = await generate('prepare');
  expect(new Set(first).size).toBe(2);
  expect(await generate('prepare')).toEqual(first);
  expect(await generate('finish')).not.toEqual(first);
});
