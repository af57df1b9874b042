/** What the routes of `identity/` have in common: fields, their checks, and mounts by accessor. */
import { schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { aliasNameMax, checkedMetadata, checkedName, identityPoliciesMax } from '../identity/identity-name.ts';
import { type Mount, readMounts } from '../mounts/mount-table.ts';
import { readTokenMount } from '../mounts/token-mount.ts';
import { immutablePolicies, policyName } from '../policy/policy-store.ts';
import type { HostContext } from '../request/host-route.ts';

type Optional<T> = s.Schema<T | undefined>;

/** Texts longer than any id or name that there can be are refused before anybody looks. */
export const text: Optional<string> = s.optional(s.string({ maxLength: 4096 }));

/** The fields that entities and groups share. */
export interface SharedFields extends s.Fields {
  readonly id: Optional<string>;
  readonly name: Optional<string>;
  readonly metadata: Optional<Readonly<Record<string, string>>>;
  readonly policies: Optional<readonly string[]>;
}

/** See `SharedFields`. */
export const sharedInput: SharedFields = {
  id: text,
  name: text,
  metadata: s.optional(s.stringMap()),
  policies: s.optional(s.stringList()),
};

/** What they carry, checked. */
export interface SharedChange {
  readonly name?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly policies?: readonly string[];
}

/** Checks them; an empty name is none. @throws StrongroomError `invalid` naming the field and the bound */
export function sharedChange({ name = '', metadata, policies }: s.InferFields<SharedFields>): SharedChange {
  return {
    ...(name === '' ? {} : { name: checkedName('name', name) }),
    ...(metadata === undefined ? {} : { metadata: checkedMetadata('metadata', metadata) }),
    ...(policies === undefined ? {} : { policies: givenPolicies(policies) }),
  };
}

function givenPolicies(names: readonly string[]): readonly string[] {
  if (names.length > identityPoliciesMax) throw new StrongroomError('invalid', `field policies: at most ${identityPoliciesMax} entries`);
  const policies = [...new Set(names.filter((name) => name !== '').map(policyName))].sort();
  const never = policies.find((name) => immutablePolicies.includes(name));
  if (never !== undefined) throw new StrongroomError('invalid', `field policies: cannot contain ${never}`);
  return policies;
}

/** The fields of aliases. `entity_id` is an old name of `canonical_id`. */
export const aliasInput: {
  readonly id: Optional<string>;
  readonly name: Optional<string>;
  readonly canonical_id: Optional<string>;
  readonly entity_id: Optional<string>;
  readonly mount_accessor: Optional<string>;
  readonly custom_metadata: Optional<Readonly<Record<string, string>>>;
} = {
  id: text,
  name: text,
  canonical_id: text,
  entity_id: text,
  mount_accessor: text,
  custom_metadata: s.optional(s.stringMap()),
};

/** Where an alias is. @throws StrongroomError `invalid` for a name that can't be one, or a mount that there is not */
export async function aliasPlace(
  ctx: HostContext,
  name: string,
  accessor: string,
): Promise<{ readonly name: string; readonly accessor: string }> {
  if (accessor === '') throw new StrongroomError('invalid', 'missing mount_accessor');
  const place = { name: checkedName('name', name, aliasNameMax), accessor };
  if ((await authMountOf(ctx, accessor)) === undefined)
    throw new StrongroomError('invalid', 'field mount_accessor: no auth method has this accessor');
  return place;
}

/** The auth mount of an accessor; undefined when there is none any more. */
export async function authMountOf({ tx }: HostContext, accessor: string): Promise<Mount | undefined> {
  const token = await readTokenMount(tx);
  if (token.accessor === accessor) return token;
  return (await readMounts(tx)).mounts.find((mount) => mount.class === 'auth' && mount.accessor === accessor);
}

/** Who is looked up. */
export const lookupInput: Readonly<Record<'id' | 'name' | 'alias_id' | 'alias_name' | 'alias_mount_accessor', Optional<string>>> = {
  id: text,
  name: text,
  alias_id: text,
  alias_name: text,
  alias_mount_accessor: text,
};

/** How to find by each of the ways that a look-up knows. */
export interface Finders<T> {
  readonly id: (id: string) => Promise<T | undefined>;
  readonly name: (name: string) => Promise<T | undefined>;
  readonly alias: (id: string) => Promise<T | undefined>;
  readonly aliasAt: (accessor: string, name: string) => Promise<T | undefined>;
}

/** Looks up. @throws StrongroomError `invalid` when nothing says what */
export async function lookUp<T>(
  kind: 'entity' | 'group',
  { id = '', name = '', alias_id = '', alias_name = '', alias_mount_accessor = '' }: s.InferFields<typeof lookupInput>,
  find: Finders<T>,
): Promise<T | undefined> {
  if (id !== '') return find.id(id);
  if (name !== '') return find.name(name);
  if (alias_id !== '') return find.alias(alias_id);
  if (alias_name !== '' && alias_mount_accessor !== '') return find.aliasAt(alias_mount_accessor, alias_name);
  throw new StrongroomError(
    'invalid',
    `${kind} ID, ${kind} name, alias ID, or the combination of alias name and alias mount accessor must be given`,
  );
}
