/** The entity of whoever logs in. */
import type { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import type { EntityRecord } from './entity.ts';
import { findAliasAt } from './entity-entries.ts';
import { changeEntity, createEntity, newAlias } from './entity-store.ts';
import { followLogin } from './group-members.ts';
import { checkedName, aliasNameMax, keptMetadata } from './identity-name.ts';

/** What a login says of who it is. */
export interface LoginName {
  /** Of the auth mount. */
  readonly accessor: string;
  readonly alias: string;
  /** Absent: the alias's stays as it was. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Finds the entity of an alias, or makes both: of the many who come first at once, one makes them. What the login says of the alias is
 * kept with it.
 * @throws StrongroomError `denied` when the entity is disabled; `invalid` for a name that can't be one
 */
export async function entityOfLogin(tx: Transaction, now: number, { accessor, alias, metadata }: LoginName): Promise<EntityRecord> {
  const said = metadata === undefined ? {} : { metadata: keptMetadata(metadata) };
  const found = await findAliasAt(tx, accessor, alias);
  if (found === undefined) {
    const name = checkedName('alias', alias, aliasNameMax);
    return createEntity(tx, now, { aliases: [newAlias(now, { name, accessor, ...said })] });
  }
  const { entity } = found;
  if (entity.disabled) throw new StrongroomError('denied', 'permission denied');
  const next = { ...found.alias, ...said };
  if (JSON.stringify(next) === JSON.stringify(found.alias)) return entity;
  return changeEntity(tx, now, entity, {
    aliases: entity.aliases.map((other) => (other.id === next.id ? { ...next, updatedAt: now } : other)),
  });
}

/** The same for a login that may name groups: from then on the entity is a member of those external groups of the mount, and of no others. */
export async function entityInGroups(
  tx: Transaction,
  now: number,
  login: LoginName & { readonly groups: readonly string[] },
): Promise<EntityRecord> {
  const entity = await entityOfLogin(tx, now, login);
  await followLogin(tx, entity.id, login.accessor, login.groups);
  return entity;
}
