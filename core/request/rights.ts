/** What a token may do: by its own policies, and by those of its entity and the entity's groups as they are at this moment. */
import type { Transaction } from '../barrier/transaction.ts';
import type { Identity } from '../identity/identities.ts';
import { isRoot, type StoredToken, type TokenRecord } from '../identity/token.ts';
import { type Acl, nothingAcl, rootAcl } from '../policy/acl.ts';
import type { Unsealed } from './host.ts';

/** The rights of a token. */
export interface Rights {
  readonly acl: Acl;
  /** Undefined: the token has no entity. */
  readonly identity: Identity | undefined;
}

/** The rights of a token; undefined when its entity is gone or disabled: it may then do nothing. Answers at once when all is kept. */
export function rightsOf(unsealed: Unsealed, tx: Transaction, { record }: StoredToken): Rights | undefined | Promise<Rights | undefined> {
  if (record.entityId === undefined) return rightsAs(unsealed, tx, record, undefined);
  const identity = unsealed.identities.of(tx, record.entityId);
  return identity instanceof Promise
    ? identity.then((found) => rightsByIdentity(unsealed, tx, record, found))
    : rightsByIdentity(unsealed, tx, record, identity);
}

function rightsByIdentity(
  unsealed: Unsealed,
  tx: Transaction,
  record: TokenRecord,
  identity: Identity | undefined,
): Rights | undefined | Promise<Rights> {
  return identity === undefined || identity.entity.disabled ? undefined : rightsAs(unsealed, tx, record, identity);
}

function rightsAs({ policies }: Unsealed, tx: Transaction, record: TokenRecord, identity: Identity | undefined): Rights | Promise<Rights> {
  const acl = isRoot(record) ? rootAcl : policies.acl(tx, allPolicies(record, identity), identity);
  return acl instanceof Promise ? acl.then((compiled) => ({ acl: compiled, identity })) : { acl, identity };
}

/** The Acl of a token, or of nobody: one that allows nothing where it has no rights. */
export async function aclOfToken(unsealed: Unsealed, tx: Transaction, token: StoredToken | undefined): Promise<Acl> {
  return (token && (await rightsOf(unsealed, tx, token)))?.acl ?? nothingAcl('the token is not valid');
}

const united = new WeakMap<TokenRecord, { readonly identity: Identity; readonly names: readonly string[] }>();

/** The policies of a token and of its identity, each once and in order. */
export function allPolicies(record: TokenRecord, identity: Identity | undefined): readonly string[] {
  if (identity === undefined || identity.policies.length === 0) return record.policies;
  const kept = united.get(record);
  if (kept?.identity === identity) return kept.names;
  const names = [...new Set([...record.policies, ...identity.policies])].sort();
  united.set(record, { identity, names });
  return names;
}
