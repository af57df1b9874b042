/** Bounds of entities and groups, each at its limit and one past it, and what a change writes. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Barrier } from '../barrier/barrier.ts';
import { DerivedCache } from '../barrier/derived-cache.ts';
import { Keyring } from '../barrier/keyring.ts';
import { Transaction, type Vault } from '../barrier/transaction.ts';
import { openMemory } from '../storage/memory.ts';
import { aliasesMax, entityGroupsMax, mergedMax } from './entity.ts';
import { changeEntity, createEntity, deleteEntity, mergeEntities, newAlias, placeAlias } from './entity-store.ts';
import { findAliasAt, findEntityByName, readEntity } from './entity-entries.ts';
import { memberEntitiesMax } from './group.ts';
import { memberEntities, sweepRolls } from './group-members.ts';
import { changeGroup, createGroup, deleteGroup } from './group-store.ts';
import { Identities } from './identities.ts';
import { identityPoliciesMax } from './identity-name.ts';

const now = Date.UTC(2031, 0, 1);

function vault(): Vault {
  return {
    storage: openMemory({ seed: 1 }),
    barrier: new Barrier(randomBytes(32), 'c', Keyring.create(0)),
    derived: new DerivedCache(10_000),
  };
}

/** Runs in a transaction of its own, and commits it. */
async function committed<T>(on: Vault, run: (tx: Transaction) => Promise<T>): Promise<T> {
  const tx = new Transaction(on);
  const result = await run(tx);
  await tx.commit().durable;
  return result;
}

describe('an entity', () => {
  test(`has at most ${aliasesMax} aliases, also by a merge`, async () => {
    const on = vault();
    const aliases = Array.from({ length: aliasesMax }, (_, n) => newAlias(now, { name: 'x', accessor: `a${n}` }));
    const full = await committed(on, (tx) => createEntity(tx, now, { aliases }));
    const alias = newAlias(now, { name: 'x', accessor: 'more' });
    await expect(placeAlias(new Transaction(on), now, undefined, full, alias)).rejects.toThrow(`at most ${aliasesMax} aliases`);
    const other = await committed(on, (tx) => createEntity(tx, now, { aliases: [alias] }));
    const merge = mergeEntities(new Transaction(on), now, full, { from: [other.id], keep: [] });
    await expect(merge).rejects.toThrow(`at most ${aliasesMax} aliases`);
  });

  test(`has at most ${identityPoliciesMax} policies after a merge`, async () => {
    const on = vault();
    const names = Array.from({ length: identityPoliciesMax }, (_, n) => `p${n}`);
    const to = await committed(on, (tx) => createEntity(tx, now, { policies: names.slice(1) }));
    const [one, two] = await committed(on, (tx) => Promise.all(['p0', 'more'].map((name) => createEntity(tx, now, { policies: [name] }))));
    const merged = await committed(on, (tx) => mergeEntities(tx, now, to, { from: [one!.id], keep: [] }));
    expect(merged.policies).toEqual(names.toSorted());
    const more = mergeEntities(new Transaction(on), now, merged, { from: [two!.id], keep: [] });
    await expect(more).rejects.toThrow(`at most ${identityPoliciesMax} policies`);
  });

  test(`answers for at most ${mergedMax} others`, async () => {
    const on = vault();
    const sources = await committed(on, (tx) => Promise.all(Array.from({ length: mergedMax + 1 }, () => createEntity(tx, now, {}))));
    const [last = '', ...ids] = sources.map(({ id }) => id);
    const to = await committed(on, (tx) => createEntity(tx, now, {}));
    const merged = await committed(on, (tx) => mergeEntities(tx, now, to, { from: ids, keep: [] }));
    expect(merged.merged).toHaveLength(mergedMax);
    await expect(mergeEntities(new Transaction(on), now, merged, { from: [last], keep: [] })).rejects.toThrow(
      `at most ${mergedMax} entities`,
    );
  });

  test(`is a direct member of at most ${entityGroupsMax} groups`, async () => {
    const on = vault();
    const { id } = await committed(on, (tx) => createEntity(tx, now, {}));
    const join = (tx: Transaction): Promise<unknown> => createGroup(tx, now, 'internal', { memberEntities: [id] });
    await committed(on, async (tx) => {
      for (let n = 0; n < entityGroupsMax; n++) await join(tx);
    });
    await expect(join(new Transaction(on))).rejects.toThrow(`at most ${entityGroupsMax} groups`);
  });

  test('leaves nothing behind when it is deleted', async () => {
    const on = vault();
    const entity = await committed(on, (tx) =>
      createEntity(tx, now, { name: 'a', aliases: [newAlias(now, { name: 'x', accessor: 'm' })] }),
    );
    const source = await committed(on, (tx) => createEntity(tx, now, {}));
    await committed(on, (tx) => createGroup(tx, now, 'internal', { memberEntities: [source.id] }));
    const merged = await committed(on, (tx) => mergeEntities(tx, now, entity, { from: [source.id], keep: [] }));
    await committed(on, (tx) => deleteEntity(tx, merged));
    const { names } = await on.storage.list('core/identity/', '', 100);
    expect(names).toEqual(['group-name/', 'group/', 'roll/']);
  });

  test('that is told what it is already is not written', async () => {
    const on = vault();
    const entity = await committed(on, (tx) => createEntity(tx, now, { name: 'a', policies: ['p'] }));
    const tx = new Transaction(on);
    expect(await changeEntity(tx, now + 1, entity, { policies: ['p'], metadata: {} })).toBe(entity);
    expect(tx.dirty).toBe(false);
  });

  test('is found by every spelling of its names, and by no former one', async () => {
    const on = vault();
    const alias = newAlias(now, { name: 'Ünï', accessor: 'm' });
    const entity = await committed(on, (tx) => createEntity(tx, now, { name: 'A b/ç', aliases: [alias] }));
    const tx = new Transaction(on);
    for (const name of ['a B/Ç', 'A b/ç']) expect((await findEntityByName(tx, name))?.id).toBe(entity.id);
    for (const name of ['ünï', 'ÜNÏ']) expect((await findAliasAt(tx, 'm', name))?.alias.id).toBe(alias.id);
    await committed(on, (change) => changeEntity(change, now, entity, { name: 'b', aliases: [{ ...alias, name: 'c' }] }));
    const after = new Transaction(on);
    expect([await findEntityByName(after, 'A b/ç'), await findAliasAt(after, 'm', 'ünï')]).toEqual([undefined, undefined]);
    expect([(await findEntityByName(after, 'B'))?.id, (await findAliasAt(after, 'm', 'C'))?.alias.id]).toEqual([entity.id, alias.id]);
  });

  test.each(['', 'a/b', '../x', '\ud800', 'x'.repeat(257)])('is not found by an id that can be none: %j', async (id) => {
    expect(await readEntity(new Transaction(vault()), id)).toBeUndefined();
  });
});

describe('a group', () => {
  test(`has at most ${memberEntitiesMax} members that are written, all of which can be others at once`, async () => {
    const on = vault();
    const ids = await committed(on, (tx) =>
      Promise.all(Array.from({ length: 2 * memberEntitiesMax }, async () => (await createEntity(tx, now, {})).id)),
    );
    const [first, second] = [ids.slice(0, memberEntitiesMax), ids.slice(memberEntitiesMax)];
    const group = await committed(on, (tx) => createGroup(tx, now, 'internal', { memberEntities: first }));
    await committed(on, (tx) => changeGroup(tx, now, group, { memberEntities: second }));
    expect(await memberEntities(new Transaction(on), group)).toEqual(second.toSorted());
    const more = { memberEntities: [...second, first[0]!] };
    await expect(changeGroup(new Transaction(on), now, group, more)).rejects.toThrow(`at most ${memberEntitiesMax} entries`);
    await committed(on, (tx) => deleteGroup(tx, group));
    expect(await committed(on, (tx) => sweepRolls(tx, 1000))).toBe(1001);
    expect(await committed(on, (tx) => sweepRolls(tx, 1000))).toBe(501);
    expect((await on.storage.list('core/identity/', '', 100)).names).toEqual(['entity-name/', 'entity/']);
  });
});

describe('an identity', () => {
  test('is the same object until something of it changes, and another from then on', async () => {
    const on = vault();
    const identities = new Identities();
    const entity = await committed(on, (tx) => createEntity(tx, now, {}));
    const group = await committed(on, (tx) => createGroup(tx, now, 'internal', { memberEntities: [entity.id], policies: ['p'] }));
    const first = await identities.of(new Transaction(on), entity.id);
    await committed(on, (tx) => createEntity(tx, now, {}));
    expect(identities.of(new Transaction(on), entity.id)).toBe(first);
    await committed(on, (tx) => changeGroup(tx, now, group, { policies: ['q'] }));
    const second = await identities.of(new Transaction(on), entity.id);
    expect([first?.policies, second?.policies]).toEqual([['p'], ['q']]);
  });

  test('as a transaction sees it has what the transaction has written, and nobody else does', async () => {
    const on = vault();
    const identities = new Identities();
    const entity = await committed(on, (tx) => createEntity(tx, now, {}));
    const tx = new Transaction(on);
    await changeEntity(tx, now, entity, { policies: ['p'] });
    expect((await identities.of(tx, entity.id))?.policies).toEqual(['p']);
    expect((await identities.of(new Transaction(on), entity.id))?.policies).toEqual([]);
  });
});
