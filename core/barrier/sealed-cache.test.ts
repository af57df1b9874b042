import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { openMemory } from '../storage/memory.ts';
import type { Storage } from '../storage/types.ts';
import { Barrier } from './barrier.ts';
import { DerivedCache } from './derived-cache.ts';
import { Keyring } from './keyring.ts';
import { SealedCache } from './sealed-cache.ts';
import { Transaction } from './transaction.ts';

const bytes = (value: string): Uint8Array => Buffer.from(value);
const text = (value: Uint8Array | undefined): string | undefined => (value === undefined ? undefined : Buffer.from(value).toString());

/** A vault that counts what it fetches. */
function vault(bytesMax = 1_000_000): {
  readonly storage: Storage;
  readonly barrier: Barrier;
  readonly derived: DerivedCache;
  readonly sealed: SealedCache;
  readonly fetched: string[];
} {
  const inner = openMemory({ seed: 1 });
  const fetched: string[] = [];
  const storage: Storage = new Proxy(inner, {
    get(target, name) {
      if (name === 'get') return (key: string) => (fetched.push(key), target.get(key));
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member as (...args: unknown[]) => unknown).bind(target) : member;
    },
  });
  const barrier = new Barrier(randomBytes(32), 'c', Keyring.create(0));
  return { storage, barrier, derived: new DerivedCache(10), sealed: new SealedCache(bytesMax), fetched };
}

async function put(on: ReturnType<typeof vault>, key: string, value: string | undefined): Promise<void> {
  const tx = new Transaction(on);
  if (value === undefined) tx.delete(key);
  else tx.put(key, bytes(value));
  await tx.commit().durable;
}

async function read(on: ReturnType<typeof vault>, key: string): Promise<string | undefined> {
  return text(await new Transaction(on).get(key));
}

test('an entry is fetched once as long as it does not change', async () => {
  const on = vault();
  await put(on, 'a', '1');
  expect([await read(on, 'a'), await read(on, 'a')]).toEqual(['1', '1']);
  expect(on.fetched).toEqual(['a']);
});

test.each([['a change'], ['a deletion'], ['a deletion and the same value again']])('nothing kept is given after %s', async (change) => {
  const on = vault();
  await put(on, 'a', '1');
  await read(on, 'a');
  if (change !== 'a change') await put(on, 'a', undefined);
  if (change === 'a change') await put(on, 'a', '2');
  if (change === 'a deletion and the same value again') await put(on, 'a', '1');
  const expected = { 'a change': '2', 'a deletion': undefined, 'a deletion and the same value again': '1' }[change];
  expect(await read(on, 'a')).toBe(expected);
  expect(on.fetched).toEqual(['a', 'a']);
});

test('a transaction that read what was kept conflicts with a change of it', async () => {
  const on = vault();
  await put(on, 'a', '1');
  await read(on, 'a');
  const tx = new Transaction(on);
  await tx.get('a');
  expect(on.fetched).toEqual(['a']);
  await put(on, 'a', '2');
  expect(() => tx.check()).toThrow('a concurrent change');
});

test('what is absent is not kept', async () => {
  const on = vault();
  await read(on, 'a');
  expect(on.sealed.count).toBe(0);
});

test('what is kept is ciphertext', async () => {
  const on = vault();
  await put(on, 'a', 'plain as day');
  await read(on, 'a');
  const { sealed } = on.sealed.find('a', on.storage, on.barrier.ring)!;
  expect(Buffer.from(sealed).includes('plain')).toBe(false);
  expect(text(on.barrier.openValue('a', sealed))).toBe('plain as day');
});

test('under another keyring everything is fetched anew: an entry may have been wrapped again', async () => {
  const on = vault();
  await put(on, 'a', '1');
  await read(on, 'a');
  on.barrier.adopt(on.barrier.ring.rotated(0));
  expect(await read(on, 'a')).toBe('1');
  expect(on.fetched).toEqual(['a', 'a']);
});

test('an entry that is fetched while the keyring changes is not kept', async () => {
  const on = vault();
  await put(on, 'a', '1');
  const got = await on.storage.get('a');
  const slow = { ...on, storage: Object.assign(Object.create(on.storage) as Storage, { get: async () => got }) };
  const reading = new Transaction(slow).get('a');
  on.barrier.adopt(on.barrier.ring.rotated(0));
  expect(text(await reading)).toBe('1');
  expect(on.sealed.count).toBe(0);
});

test('the cache is bounded in bytes, and refuses an entry that takes more than an eighth', () => {
  const { storage, barrier } = vault();
  const cache = new SealedCache(80_000);
  const entry = (length: number): Parameters<SealedCache['keep']>[1] => ({ slot: 0, movedAt: 0, sealed: new Uint8Array(length) });
  for (let i = 0; i < 1000; i++) cache.keep(`key-${String(i).padStart(4, '0')}`, entry(480), barrier.ring);
  expect(cache.count).toBeGreaterThanOrEqual(40);
  expect(cache.count).toBeLessThanOrEqual(80);
  cache.keep('fits', entry(10_000 - 512 - 4), barrier.ring);
  cache.keep('tall', entry(10_000 - 512 - 3), barrier.ring);
  expect(cache.find('fits', storage, barrier.ring)).toBeDefined();
  expect(cache.find('tall', storage, barrier.ring)).toBeUndefined();
});

test('a kept entry does not hold the buffer that it was cut from', () => {
  const { storage, barrier } = vault();
  const cache = new SealedCache(80_000);
  cache.keep('a', { slot: 0, movedAt: 0, sealed: new Uint8Array(65_536).subarray(0, 16) }, barrier.ring);
  expect(cache.find('a', storage, barrier.ring)?.sealed.buffer.byteLength).toBe(16);
});

test('cleared, as sealing does, it keeps nothing', async () => {
  const on = vault();
  await put(on, 'a', '1');
  await read(on, 'a');
  on.sealed.clear();
  expect(on.sealed.count).toBe(0);
  expect(on.sealed.find('a', on.storage, on.barrier.ring)).toBeUndefined();
});
