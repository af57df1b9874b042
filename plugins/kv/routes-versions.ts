/** `delete/`, `undelete/` and `destroy/{path}`: change versions by number. Versions that are not there are passed over. */
import { PluginError, route, schema, type Context, type Route } from '@strongroom/sdk-plugin';
import { removeValues } from './secret-value.ts';
import { readTable, writeTable } from './table-record.ts';
import { changeVersions, isReadable, type Version, versionAt } from './version-table.ts';

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
        await change(ctx, path, versions, (version) => (version.destroyed ? undefined : { ...version, destroyed: true }));
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
): Promise<void> {
  if (!numbers || numbers.length === 0) throw new PluginError('invalid', 'No version number provided');
  const table = await readTable(ctx, path);
  if (!table) return;
  const { table: after, changed } = changeVersions(table, numbers, next);
  if (changed.length === 0) return;
  const destroyed = changed.filter((number) => versionAt(after, number)?.destroyed === true);
  removeValues(ctx, path, table, destroyed);
  await writeTable(ctx, path, after);
}
