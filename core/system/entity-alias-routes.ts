/** `identity/entity-alias…`: the names that entities have at auth methods. */
import type { Json, schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { entityDirectories, findAlias, findAliasAt, type FoundAlias, readEntity } from '../identity/entity-entries.ts';
import { changeEntity, createEntity, newAlias, placeAlias } from '../identity/entity-store.ts';
import { checkedMetadata } from '../identity/identity-name.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { aliasData, aliasOutline } from './identity-data.ts';
import { aliasInput, aliasPlace } from './identity-input.ts';
import { pageInput } from './token-page.ts';

type AliasInput = s.InferFields<typeof aliasInput>;

async function byId({ tx }: HostContext, id: string): Promise<FoundAlias> {
  const found = await findAlias(tx, id);
  if (found === undefined) throw new StrongroomError('invalid', 'no entity alias has this id');
  return found;
}

/** Without an id the alias of this name and mount is meant, if there is one. */
async function register(ctx: HostContext, input: AliasInput): Promise<HostReply | undefined> {
  const { id = '', name = '', mount_accessor: accessor = '' } = input;
  if (id !== '') return change(ctx, await byId(ctx, id), input);
  const place = await aliasPlace(ctx, name, accessor);
  const found = await findAliasAt(ctx.tx, place.accessor, place.name);
  return found === undefined ? create(ctx, place, input) : change(ctx, found, input);
}

async function create(
  { tx, unsealed }: HostContext,
  place: { readonly name: string; readonly accessor: string },
  input: AliasInput,
): Promise<HostReply> {
  const now = unsealed.clock.now();
  const owner = input.canonical_id || input.entity_id || '';
  const alias = newAlias(now, { ...place, customMetadata: checkedMetadata('custom_metadata', input.custom_metadata ?? {}) });
  const entity = owner === '' ? await createEntity(tx, now, {}) : await ownerOf(tx, owner);
  await placeAlias(tx, now, undefined, entity, alias);
  return { data: { canonical_id: entity.id, id: alias.id } };
}

async function ownerOf(tx: HostContext['tx'], id: string): Promise<FoundAlias['entity']> {
  const entity = await readEntity(tx, id);
  if (entity === undefined) throw new StrongroomError('invalid', 'field canonical_id: no entity has this id');
  return entity;
}

/** What the input leaves out stays. */
async function change(ctx: HostContext, { entity, alias }: FoundAlias, input: AliasInput): Promise<HostReply | undefined> {
  const { tx, unsealed } = ctx;
  const { name, accessor } = await aliasPlace(ctx, input.name || alias.name, input.mount_accessor || alias.accessor);
  const owner = input.canonical_id || input.entity_id || entity.id;
  const metadata = input.custom_metadata;
  const customMetadata = metadata === undefined ? alias.customMetadata : checkedMetadata('custom_metadata', metadata);
  const next = { ...alias, name, accessor, customMetadata };
  if (owner === entity.id && JSON.stringify(next) === JSON.stringify(alias)) return undefined;
  const to = owner === entity.id ? entity : await ownerOf(tx, owner);
  const now = unsealed.clock.now();
  await placeAlias(tx, now, entity, to, { ...next, updatedAt: now });
  return { data: { canonical_id: to.id, id: alias.id } };
}

async function remove({ tx, unsealed }: HostContext, id: string): Promise<HostReply> {
  const found = await findAlias(tx, id);
  if (found !== undefined) {
    const aliases = found.entity.aliases.filter((alias) => alias.id !== id);
    await changeEntity(tx, unsealed.clock.now(), found.entity, { aliases });
  }
  return { urgent: true };
}

async function list(ctx: HostContext, { after = '', limit = 0 }: s.InferFields<typeof pageInput>): Promise<HostReply | undefined> {
  const keys = await ctx.tx.list(entityDirectories.alias, after, limit || Number.POSITIVE_INFINITY);
  if (keys.length === 0) return undefined;
  const info: Record<string, Json> = {};
  for (const id of keys) {
    const found = await findAlias(ctx.tx, id);
    if (found !== undefined) info[id] = await aliasOutline(ctx, found.entity.id, found.alias);
  }
  return { data: { keys, key_info: info } };
}

/** The routes. */
export const entityAliasRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('identity/entity-alias', {
    summary: 'Give an entity a name at an auth method, or change it',
    update: { input: aliasInput, handler: (ctx, _, input) => register(ctx, input) },
  }),
  ...hostRoute('identity/entity-alias/id', {
    summary: 'List aliases of entities',
    list: { input: pageInput, handler: (ctx, _, input) => list(ctx, input) },
  }),
  ...hostRoute('identity/entity-alias/id/{id}', {
    summary: 'Read, change and delete an alias of an entity',
    read: {
      handler: async (ctx, { id }) => {
        const found = await findAlias(ctx.tx, id);
        return found === undefined ? undefined : { data: await aliasData(ctx, found.entity.id, found.alias) };
      },
    },
    update: { input: aliasInput, handler: async (ctx, { id }, input) => change(ctx, await byId(ctx, id), input) },
    delete: { handler: (ctx, { id }) => remove(ctx, id) },
  }),
};
