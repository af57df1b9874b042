/** `identity/entity…` and `identity/lookup/entity`. */
import { type Json, schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import type { EntityRecord } from '../identity/entity.ts';
import { entityDirectories, findAlias, findAliasAt, findEntityByName, readEntity, readEntityOrMerged } from '../identity/entity-entries.ts';
import { changeEntity, createEntity, deleteEntity, mergeEntities } from '../identity/entity-store.ts';
import { checkedName, nameSegment } from '../identity/identity-name.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { aliasOutline, entityData } from './identity-data.ts';
import { lookUp, lookupInput, sharedChange, sharedInput } from './identity-input.ts';
import { pageInput } from './token-page.ts';

/** Most entities that one request deletes. */
export const batchDeleteMax = 1000;

const entityInput = { ...sharedInput, disabled: s.optional(s.boolean()) };
type EntityInput = s.InferFields<typeof entityInput>;

/** Makes an entity, or changes one that is there: only a new one is answered. */
async function write(ctx: HostContext, before: EntityRecord | undefined, input: EntityInput): Promise<HostReply | undefined> {
  const { tx, unsealed } = ctx;
  const now = unsealed.clock.now();
  const change = { ...sharedChange(input), ...(input.disabled === undefined ? {} : { disabled: input.disabled }) };
  if (before !== undefined) {
    await changeEntity(tx, now, before, change);
    return undefined;
  }
  const { id, name } = await createEntity(tx, now, change);
  return { data: { aliases: null, id, name } };
}

async function byId({ tx }: HostContext, id: string): Promise<EntityRecord> {
  const found = await readEntity(tx, id);
  if (found === undefined) throw new StrongroomError('invalid', 'no entity has this id');
  return found;
}

async function register(ctx: HostContext, input: EntityInput): Promise<HostReply | undefined> {
  const { id = '', name = '' } = input;
  if (id !== '') return write(ctx, await byId(ctx, id), input);
  return write(ctx, name === '' ? undefined : await findEntityByName(ctx.tx, checkedName('name', name)), input);
}

async function shown(ctx: HostContext, found: EntityRecord | undefined): Promise<HostReply | undefined> {
  return found === undefined ? undefined : { data: await entityData(ctx, found) };
}

async function remove(ctx: HostContext, found: EntityRecord | undefined): Promise<HostReply> {
  if (found !== undefined) await deleteEntity(ctx.tx, found);
  return { urgent: true };
}

async function removeAll(ctx: HostContext, ids: readonly string[]): Promise<HostReply> {
  if (ids.length === 0) throw new StrongroomError('invalid', 'field entity_ids: must hold at least one id');
  if (ids.length > batchDeleteMax) throw new StrongroomError('invalid', `field entity_ids: at most ${batchDeleteMax} entries`);
  for (const id of ids) await remove(ctx, await readEntity(ctx.tx, id));
  return { urgent: true };
}

const mergeInput = {
  from_entity_ids: s.stringList(),
  to_entity_id: s.string({ maxLength: 4096 }),
  force: s.optional(s.boolean()),
  conflicting_alias_ids_to_keep: s.optional(s.stringList()),
};

async function merge({ tx, unsealed }: HostContext, input: s.InferFields<typeof mergeInput>): Promise<undefined> {
  const { from_entity_ids: from, to_entity_id: toId, conflicting_alias_ids_to_keep: keep = [] } = input;
  if (from.length === 0) throw new StrongroomError('invalid', 'field from_entity_ids: must hold at least one id');
  const to = await readEntity(tx, toId);
  if (to === undefined) throw new StrongroomError('invalid', 'field to_entity_id: no entity has this id');
  await mergeEntities(tx, unsealed.clock.now(), to, { from, keep });
  return undefined;
}

type Page = s.InferFields<typeof pageInput>;

async function idList(ctx: HostContext, { after = '', limit = 0 }: Page): Promise<HostReply | undefined> {
  const keys = await ctx.tx.list(entityDirectories.entity, after, limit || Number.POSITIVE_INFINITY);
  if (keys.length === 0) return undefined;
  const info: Record<string, Json> = {};
  for (const id of keys) {
    const entity = await readEntity(ctx.tx, id);
    if (entity === undefined) continue;
    info[id] = { name: entity.name, aliases: await Promise.all(entity.aliases.map((alias) => aliasOutline(ctx, id, alias))) };
  }
  return { data: { keys, key_info: info } };
}

/** Names as they were written, in order without case. */
async function nameList({ tx }: HostContext, { after = '', limit = 0 }: Page): Promise<HostReply | undefined> {
  const keys: string[] = [];
  const from = after === '' ? '' : nameSegment(after);
  for (const segment of await tx.list(entityDirectories.name, from, limit || Number.POSITIVE_INFINITY)) {
    const entity = await findEntityByName(tx, decodeURIComponent(segment));
    if (entity !== undefined) keys.push(entity.name);
  }
  return keys.length === 0 ? undefined : { data: { keys } };
}

/** The routes. */
export const entityRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('identity/entity', {
    summary: 'Make an entity, or change the one of this id or name',
    update: { input: entityInput, handler: (ctx, _, input) => register(ctx, input) },
  }),
  ...hostRoute('identity/entity/id', {
    summary: 'List entities by id',
    list: { input: pageInput, handler: (ctx, _, input) => idList(ctx, input) },
  }),
  ...hostRoute('identity/entity/id/{id}', {
    summary: 'Read, change and delete an entity by its id',
    read: { handler: async (ctx, { id }) => shown(ctx, await readEntityOrMerged(ctx.tx, id)) },
    update: { input: entityInput, handler: async (ctx, { id }, input) => write(ctx, await byId(ctx, id), input) },
    delete: { handler: async (ctx, { id }) => remove(ctx, await readEntity(ctx.tx, id)) },
  }),
  ...hostRoute('identity/entity/name', {
    summary: 'List entities by name',
    list: { input: pageInput, handler: (ctx, _, input) => nameList(ctx, input) },
  }),
  ...hostRoute('identity/entity/name/{name+}', {
    summary: 'Read, make, change and delete an entity by its name',
    lowercase: ['name'],
    read: { handler: async (ctx, { name }) => shown(ctx, await findEntityByName(ctx.tx, checkedName('name', name))) },
    update: {
      input: entityInput,
      handler: async (ctx, { name }, input) => {
        const found = await findEntityByName(ctx.tx, checkedName('name', name));
        return write(ctx, found, { ...input, name: found?.name ?? name });
      },
    },
    delete: { handler: async (ctx, { name }) => remove(ctx, await findEntityByName(ctx.tx, checkedName('name', name))) },
  }),
  ...hostRoute('identity/entity/merge', {
    summary: 'Merge entities into another',
    update: { input: mergeInput, handler: (ctx, _, input) => merge(ctx, input) },
  }),
  ...hostRoute('identity/entity/batch-delete', {
    summary: 'Delete entities',
    update: { input: { entity_ids: s.stringList() }, handler: (ctx, _, input) => removeAll(ctx, input.entity_ids) },
  }),
  ...hostRoute('identity/lookup/entity', {
    summary: 'Look an entity up by its id, its name or an alias',
    update: {
      input: lookupInput,
      handler: async (ctx, _, input) => {
        const { tx } = ctx;
        const found = await lookUp('entity', input, {
          id: (id) => readEntityOrMerged(tx, id),
          name: (name) => findEntityByName(tx, checkedName('name', name)),
          alias: async (id) => (await findAlias(tx, id))?.entity,
          aliasAt: async (accessor, name) => (await findAliasAt(tx, accessor, name))?.entity,
        });
        return shown(ctx, found);
      },
    },
  }),
};
