/** Invariant: what is kept compiled has at most so many rules in all, whoever has them compiled. */
import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { Barrier } from '../barrier/barrier.ts';
import { DerivedCache } from '../barrier/derived-cache.ts';
import { inTransaction } from '../barrier/in-transaction.ts';
import { Keyring } from '../barrier/keyring.ts';
import { Transaction } from '../barrier/transaction.ts';
import type { Identity } from '../identity/identities.ts';
import { openMemory } from '../storage/memory.ts';
import type { Acl } from './acl.ts';
import { PolicyStore } from './policy-store.ts';

const lists = Array.from({ length: 20 }, (_, number) => [`p${number}`] as const);
/** The newer half of what is kept is one list of nine rules and more, the older half another. */
const rulesMax = 40;

describe.each([
  ['for all alike', '', undefined],
  ['for one identity', '{{identity.entity.id}}/', { entity: { id: 'e' } } as Identity],
])('policies that are compiled %s', (_, template, identity) => {
  const vault = {
    storage: openMemory({ seed: 1 }),
    barrier: new Barrier(randomBytes(32), 'test', Keyring.create(0)),
    derived: new DerivedCache(100),
  };
  let store: PolicyStore;
  const acl = async (names: readonly string[]): Promise<Acl> => store.acl(new Transaction(vault), names, identity);
  const write = (name: string, rules: number): Promise<void> => {
    const text = Array.from({ length: rules }, (_rule, number) => `path "${template}${number}" { capabilities = ["read"] }`).join('\n');
    return inTransaction(vault, (tx) => Promise.resolve(store.write(tx, name, text)));
  };

  beforeEach(async () => {
    store = new PolicyStore(rulesMax);
    for (const [name] of lists) await write(name, 9);
  });

  test('are kept, and leave when others of as many rules come', async () => {
    const first = await acl(lists[0]!);
    expect(await acl(lists[0]!)).toBe(first);
    for (const names of lists.slice(1)) await acl(names);
    const last = await acl(lists.at(-1)!);
    expect(await acl(lists.at(-1)!)).toBe(last);
    expect(await acl(lists[0]!)).not.toBe(first);
  });

  test('are kept although one has more rules than all may have', async () => {
    await write('large', 100);
    const large = await acl(['large']);
    expect(await acl(['large'])).toBe(large);
    for (const names of lists) await acl(names);
    expect(await acl(['large'])).not.toBe(large);
  });
});

test('lists without rules are bounded too', async () => {
  const vault = {
    storage: openMemory({ seed: 1 }),
    barrier: new Barrier(randomBytes(32), 'test', Keyring.create(0)),
    derived: new DerivedCache(100),
  };
  const store = new PolicyStore(rulesMax);
  const acl = async (name: string): Promise<Acl> => store.acl(new Transaction(vault), [name]);
  const first = await acl('absent');
  expect(await acl('absent')).toBe(first);
  for (let name = 0; name < rulesMax; name++) await acl(`absent-${name}`);
  expect(await acl('absent')).not.toBe(first);
});
