import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { openMemory } from '../storage/memory.ts';
import { Conflict } from '../storage/types.ts';
import { Barrier } from './barrier.ts';
import { DerivedCache } from './derived-cache.ts';
import { Keyring } from './keyring.ts';
import { Transaction, type Vault } from './transaction.ts';

function vault(): Vault {
  return { storage: openMemory({ seed: 1 }), barrier: new Barrier(randomBytes(32), 'c', Keyring.create(0)), derived: new DerivedCache(10) };
}

const bytes = (value: string): Uint8Array => Buffer.from(value);
const text = (value: Uint8Array | undefined): string | undefined => (value === undefined ? undefined : Buffer.from(value).toString());

async function put(on: Vault, entries: Readonly<Record<string, string | undefined>>): Promise<void> {
  const tx = new Transaction(on);
  for (const [key, value] of Object.entries(entries)) {
    if (value === undefined) tx.delete(key);
    else tx.put(key, bytes(value));
  }
  await tx.commit().durable;
}

describe('a transaction', () => {
  test('sees its own writes, in reads and in listings', async () => {
    const on = vault();
    await put(on, { 'd/a': '1', 'd/b': '2', 'd/s/x': '3' });
    const tx = new Transaction(on);
    tx.put('d/c', bytes('4'));
    tx.delete('d/a');
    tx.delete('d/s/x');
    tx.put('d/t/y', bytes('5'));
    expect(text(await tx.get('d/c'))).toBe('4');
    expect(await tx.get('d/a')).toBeUndefined();
    expect(await tx.list('d/')).toEqual(['b', 'c', 't/']);
    expect(await tx.list('d/', 'b', 1)).toEqual(['c']);
    expect(text(await new Transaction(on).get('d/a'))).toBe('1');
  });

  test.each<[string, (tx: Transaction) => Promise<unknown>, Readonly<Record<string, string | undefined>>]>([
    ['an entry it read', (tx) => tx.get('a'), { a: '2' }],
    ['an entry it read, by deletion', (tx) => tx.get('a'), { a: undefined }],
    ['an absent entry it looked for', (tx) => tx.get('n'), { n: '1' }],
    ['a directory it listed', (tx) => tx.list('d/'), { 'd/new': '1' }],
    ['an empty directory it listed', (tx) => tx.list('e/'), { 'e/x/y': '1' }],
    ['an entry it asked for', (tx) => tx.has('a'), { a: '2' }],
    ['an entry it parsed', async (tx) => tx.derived('a', text), { a: '2' }],
  ])('conflicts when another commit changed %s', async (_, read, change) => {
    const on = vault();
    await put(on, { a: '1', 'd/x': '1' });
    const tx = new Transaction(on);
    await read(tx);
    tx.put('out', bytes('1'));
    await put(on, change);
    expect(() => tx.check()).toThrow(Conflict);
    expect(() => tx.commit()).toThrow(Conflict);
    expect(await new Transaction(on).get('out')).toBeUndefined();
  });

  test('does not conflict with changes beside what it read', async () => {
    const on = vault();
    await put(on, { a: '1', 'd/x': '1' });
    const tx = new Transaction(on);
    await tx.get('a');
    await tx.list('d/');
    tx.put('out', bytes('1'));
    await put(on, { 'd/x': '2', b: '1' });
    await tx.commit().durable;
    expect(text(await new Transaction(on).get('out'))).toBe('1');
  });

  test('never sees two moments: a newer read restarts it when an older one has changed', async () => {
    const on = vault();
    await put(on, { a: '1', b: '1' });
    const tx = new Transaction(on);
    await tx.get('a');
    await put(on, { a: '2', b: '2' });
    await expect(tx.get('b')).rejects.toThrow(Conflict);
    const later = new Transaction(on);
    await put(on, { b: '3' });
    expect([text(await later.get('b')), text(await later.get('a'))]).toEqual(['3', '2']);
  });

  test('knows the newest revision it depends on', async () => {
    const on = vault();
    await put(on, { a: '1' });
    await put(on, { b: '1' });
    const tx = new Transaction(on);
    await tx.get('a');
    expect(tx.newestRead()).toBe(1);
    await tx.get('b');
    expect(tx.newestRead()).toBe(2);
  });
});

test('a derived value is parsed once per change', async () => {
  const on = vault();
  let parsed = 0;
  const parse = (value: Uint8Array): string => {
    parsed++;
    return Buffer.from(value).toString();
  };
  await put(on, { a: '1' });
  expect(await new Transaction(on).derived('a', parse)).toBe('1');
  expect(await new Transaction(on).derived('a', parse)).toBe('1');
  expect(parsed).toBe(1);
  await put(on, { a: '2' });
  expect(await new Transaction(on).derived('a', parse)).toBe('2');
  expect(parsed).toBe(2);
});
