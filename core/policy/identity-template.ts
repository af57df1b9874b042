/**
 * What the expressions of templates stand for: values of the caller's entity, of its aliases and of its groups.
 *
 *     identity.entity.id  .name  .metadata.K
 *     identity.entity.aliases.ACCESSOR.id  .name  .metadata.K  .custom_metadata.K
 *     identity.groups.ids.ID.name  .metadata.K
 *     identity.groups.names.NAME.id  .metadata.K
 *
 * K is all that follows, dots too; NAME holds no dot.
 */
import type { EntityAlias } from '../identity/entity.ts';
import type { GroupRecord } from '../identity/group.ts';
import type { Identity } from '../identity/identities.ts';
import type { TemplateResolver } from './template.ts';

type Value = string | undefined;
type Pairs = Readonly<Record<string, string>>;

const entityForm = /^identity\.entity\.(?:(id|name)|metadata\.(.+))$/su;
const aliasForm = /^identity\.entity\.aliases\.([^.]+)\.(?:(id|name)|(metadata|custom_metadata)\.(.+))$/su;
const groupIdForm = /^identity\.groups\.ids\.([^.]+)\.(?:(name)|metadata\.(.+))$/su;
const groupNameForm = /^identity\.groups\.names\.([^.]+)\.(?:(id)|metadata\.(.+))$/su;

/** Whether an expression is one of those above. */
export function isIdentityExpression(expression: string): boolean {
  return [entityForm, aliasForm, groupIdForm, groupNameForm].some((form) => form.test(expression));
}

/** The values of one identity. */
export function identityResolver(identity: Identity): TemplateResolver {
  return (expression) => ofEntity(identity, expression) ?? ofAlias(identity, expression) ?? ofGroup(identity, expression);
}

function valueOf(pairs: Pairs, key: string): Value {
  return Object.hasOwn(pairs, key) ? pairs[key] : undefined;
}

function ofEntity({ entity }: Identity, expression: string): Value {
  const [, field, key] = entityForm.exec(expression) ?? [];
  if (field !== undefined) return field === 'id' ? entity.id : entity.name;
  return key === undefined ? undefined : valueOf(entity.metadata, key);
}

function ofAlias({ entity }: Identity, expression: string): Value {
  const [, accessor, field, kind, key] = aliasForm.exec(expression) ?? [];
  const alias: EntityAlias | undefined = entity.aliases.find((of) => of.accessor === accessor);
  if (alias === undefined) return undefined;
  if (field !== undefined) return field === 'id' ? alias.id : alias.name;
  return key === undefined ? undefined : valueOf(kind === 'metadata' ? alias.metadata : alias.customMetadata, key);
}

function ofGroup({ direct, inherited }: Identity, expression: string): Value {
  const groups: readonly GroupRecord[] = [...direct, ...inherited];
  const [, id, nameField, keyById] = groupIdForm.exec(expression) ?? [];
  const [, name, idField, keyByName] = groupNameForm.exec(expression) ?? [];
  const group = id === undefined ? groups.find((of) => of.name.toLowerCase() === name?.toLowerCase()) : groups.find((of) => of.id === id);
  if (group === undefined) return undefined;
  if (nameField !== undefined) return group.name;
  if (idField !== undefined) return group.id;
  const key = keyById ?? keyByName;
  return key === undefined ? undefined : valueOf(group.metadata, key);
}
