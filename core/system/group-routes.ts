/** `identity/group…` and `identity/lookup/group`. */
import { type Json, schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import type { GroupRecord, GroupType } from '../identity/group.ts';
import { findGroupByAlias, findGroupByAliasAt, findGroupByName, groupDirectories, readGroup } from '../identity/group-entries.ts';
import { neighbours } from '../identity/group-nesting.ts';
import { changeGroup, createGroup, deleteGroup } from '../identity/group-store.ts';
import { checkedName, nameSegment } from '../identity/identity-name.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { groupData } from './identity-data.ts';
import { lookUp, lookupInput, sharedChange, sharedInput } from './identity-input.ts';
import { pageInput } from './token-page.ts';

const groupInput = {
  ...sharedInput,
  type: s.optional(s.string({ oneOf: ['', 'internal', 'external'] })),
  member_entity_ids: s.optional(s.stringList()),
  member_group_ids: s.optional(s.stringList()),
};
type GroupInput = s.InferFields<typeof groupInput>;

/** Makes a group, or changes one that is there. */
async function write({ tx, unsealed }: HostContext, before: GroupRecord | undefined, input: GroupInput): Promise<HostReply> {
  const now = unsealed.clock.now();
  const type = (input.type || before?.type || 'internal') as GroupType;
  if (before !== undefined && type !== before.type)
    throw new StrongroomError('invalid', 'field type: the type of a group cannot be changed');
  const change = {
    ...sharedChange(input),
    memberEntities: input.member_entity_ids?.filter((id) => id !== ''),
    memberGroups: input.member_group_ids?.filter((id) => id !== ''),
  };
  const { id, name } = before === undefined ? await createGroup(tx, now, type, change) : await changeGroup(tx, now, before, change);
  return { data: { id, name } };
}

async function byId({ tx }: HostContext, id: string): Promise<GroupRecord> {
  const found = await readGroup(tx, id);
  if (found === undefined) throw new StrongroomError('invalid', 'no group has this id');
  return found;
}

async function register(ctx: HostContext, input: GroupInput): Promise<HostReply> {
  const { id = '', name = '' } = input;
  if (id !== '') return write(ctx, await byId(ctx, id), input);
  return write(ctx, name === '' ? undefined : await findGroupByName(ctx.tx, checkedName('name', name)), input);
}

async function shown(ctx: HostContext, found: GroupRecord | undefined): Promise<HostReply | undefined> {
  return found === undefined ? undefined : { data: await groupData(ctx, found) };
}

async function remove({ tx }: HostContext, found: GroupRecord | undefined): Promise<HostReply> {
  if (found !== undefined) await deleteGroup(tx, found);
  return { urgent: true };
}

type Page = s.InferFields<typeof pageInput>;

async function idList({ tx }: HostContext, { after = '', limit = 0 }: Page): Promise<HostReply | undefined> {
  const keys = await tx.list(groupDirectories.group, after, limit || Number.POSITIVE_INFINITY);
  if (keys.length === 0) return undefined;
  const info: Record<string, Json> = {};
  for (const id of keys) {
    const group = await readGroup(tx, id);
    if (group !== undefined)
      info[id] = { name: group.name, type: group.type, num_parent_groups: (await neighbours(tx, 'parents', id)).length };
  }
  return { data: { keys, key_info: info } };
}

/** Names as they were written, in order without case. */
async function nameList({ tx }: HostContext, { after = '', limit = 0 }: Page): Promise<HostReply | undefined> {
  const keys: string[] = [];
  const from = after === '' ? '' : nameSegment(after);
  for (const segment of await tx.list(groupDirectories.name, from, limit || Number.POSITIVE_INFINITY)) {
    const group = await findGroupByName(tx, decodeURIComponent(segment));
    if (group !== undefined) keys.push(group.name);
  }
  return keys.length === 0 ? undefined : { data: { keys } };
}

/** The routes. */
export const groupRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('identity/group', {
    summary: 'Make a group, or change the one of this id or name',
    update: { input: groupInput, handler: (ctx, _, input) => register(ctx, input) },
  }),
  ...hostRoute('identity/group/id', {
    summary: 'List groups by id',
    list: { input: pageInput, handler: (ctx, _, input) => idList(ctx, input) },
  }),
  ...hostRoute('identity/group/id/{id}', {
    summary: 'Read, change and delete a group by its id',
    read: { handler: async (ctx, { id }) => shown(ctx, await readGroup(ctx.tx, id)) },
    update: { input: groupInput, handler: async (ctx, { id }, input) => write(ctx, await byId(ctx, id), input) },
    delete: { handler: async (ctx, { id }) => remove(ctx, await readGroup(ctx.tx, id)) },
  }),
  ...hostRoute('identity/group/name', {
    summary: 'List groups by name',
    list: { input: pageInput, handler: (ctx, _, input) => nameList(ctx, input) },
  }),
  ...hostRoute('identity/group/name/{name+}', {
    summary: 'Read, make, change and delete a group by its name',
    lowercase: ['name'],
    read: { handler: async (ctx, { name }) => shown(ctx, await findGroupByName(ctx.tx, checkedName('name', name))) },
    update: {
      input: groupInput,
      handler: async (ctx, { name }, input) => {
        const found = await findGroupByName(ctx.tx, checkedName('name', name));
        return write(ctx, found, { ...input, name: found?.name ?? name });
      },
    },
    delete: { handler: async (ctx, { name }) => remove(ctx, await findGroupByName(ctx.tx, checkedName('name', name))) },
  }),
  ...hostRoute('identity/lookup/group', {
    summary: 'Look a group up by its id, its name or its alias',
    update: {
      input: lookupInput,
      handler: async (ctx, _, input) => {
        const { tx } = ctx;
        const found = await lookUp('group', input, {
          id: (id) => readGroup(tx, id),
          name: (name) => findGroupByName(tx, checkedName('name', name)),
          alias: (id) => findGroupByAlias(tx, id),
          aliasAt: (accessor, name) => findGroupByAliasAt(tx, accessor, name),
        });
        return shown(ctx, found);
      },
    },
  }),
};
