import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { Barrier } from './barrier.ts';
import { DekTable } from './dek-table.ts';
import { hostKeyId, Keyring } from './keyring.ts';

/** A header whose nonce begins at 5, as the envelope's does. */
function header(fill: number, nonce: readonly number[] = [1, 2, 3]): Buffer {
  const bytes = Buffer.alloc(20, fill);
  bytes.set(nonce, 5);
  return bytes;
}

test('gives the DEK of exactly the header that it was kept for', () => {
  const table = new DekTable(20, 5);
  const dek = randomBytes(32);
  table.keep(Buffer.concat([header(1), Buffer.from('what follows does not count')]), dek);
  expect(Buffer.from(table.find(header(1))!)).toEqual(dek);
  for (let at = 0; at < 20; at++) {
    const other = header(1);
    other[at]! ^= 1;
    expect(table.find(other)).toBeUndefined();
  }
});

test('keeps the newest of two that share a place', () => {
  const table = new DekTable(20, 5);
  table.keep(header(1), Buffer.alloc(32, 1));
  table.keep(header(2), Buffer.alloc(32, 2));
  expect(table.find(header(1))).toBeUndefined();
  expect(table.find(header(2))?.[0]).toBe(2);
});

test('is filled with zeros when it is wiped, and can be used again', () => {
  const table = new DekTable(20, 5);
  table.keep(header(1), Buffer.alloc(32, 1));
  const inPlace = table.find(header(1))!;
  table.wipe();
  expect([...inPlace]).toEqual(Array.from({ length: 32 }, () => 0));
  expect(table.find(header(1))).toBeUndefined();
  table.keep(header(1), Buffer.alloc(32, 3));
  expect(table.find(header(1))?.[0]).toBe(3);
});

test('a caller that wipes its DEK leaves the table as it is', () => {
  const table = new DekTable(20, 5);
  const dek = Buffer.alloc(32, 1);
  table.keep(header(1), dek);
  dek.fill(0);
  expect(table.find(header(1))?.[0]).toBe(1);
});

test.each<[string, (barrier: Barrier) => void]>([
  ['another keyring is put in force', (barrier) => barrier.adopt(barrier.ring.rotated(0).withoutOldKeks())],
  ['the barrier is wiped', (barrier) => barrier.wipe()],
])('what was read does not open any more when %s', (_, change) => {
  const barrier = new Barrier(randomBytes(32), 'c', Keyring.create(0));
  const sealed = barrier.sealValue('a', Buffer.from('value'));
  barrier.openValue('a', sealed);
  change(barrier);
  expect(barrier.ring.newest(hostKeyId)).toBeDefined();
  expect(() => barrier.openValue('a', sealed)).toThrow(/destroyed|authentication/);
});
