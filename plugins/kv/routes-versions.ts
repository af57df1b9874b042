/** `delete/`, `undelete/` and `destroy/{path}`: change versions by number. Versions that are not there are passed over. */
import { PluginError, route, schema, type Context, type Route } from '@strongroom/sdk-plugin';
import { readTable, versionKey, writeTable } from './table-record.ts';
import { changeVersions, isReadable, type Version } from './version-table.ts';

const fields = { versions: schema.optional(schema.integerList({ description: 'Numbers of the versions' })) };
const reads = ['meta/{path}'];

/** The three routes. */
export const versionRoutes: Readonly<Record<string, Route>> = {
  ...route('delete/{path+}', {
    summary: 'Delete versions so that they can be undeleted',
    update: {
      input: fields,
      reads,
      handler: async (ctx, { path }, { versions }) => {
        const now = ctx.now();
        await change(ctx, path, versions, (version) => (isReadable(version, () => now) ? { ...version, deletion: now } : undefined));
        return undefined;
      },
    },
  }),
  ...route('undelete/{path+}', {
    summary: 'Bring deleted versions back',
    update: {
      input: fields,
      reads,
      handler: async (ctx, { path }, { versions }) => {
        await change(ctx, path, versions, (version) => (version.destroyed ? undefined : { ...version, deletion: undefined }));
        return undefined;
      },
    },
  }),
  ...route('destroy/{path+}', {
    summary: 'Remove the values of versions for good',
    update: {
      input: fields,
      reads,
      handler: async (ctx, { path }, { versions }) => {
        const destroyed = await change(ctx, path, versions, (version) => (version.destroyed ? undefined : { ...version, destroyed: true }));
        for (const number of destroyed) ctx.storage.delete(versionKey(path, number));
        return undefined;
      },
    },
  }),
};

async function change(
  ctx: Context,
  path: string,
  numbers: readonly number[] | undefined,
  next: (version: Version) => Version | undefined,
): Promise<readonly number[]> {
  if (!numbers || numbers.length === 0) throw new PluginError('invalid', 'No version number provided');
  const table = await readTable(ctx, path);
  if (!table) return [];
  const changes = changeVersions(table, numbers, next);
  if (changes.changed.length > 0) writeTable(ctx, path, changes.table);
  return changes.changed;
}
