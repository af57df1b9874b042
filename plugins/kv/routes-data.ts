/** `data/{path}`: read, write, patch and delete the newest version; read any other. */
import {
  mergePatch,
  PluginError,
  route,
  schema,
  upon,
  type Context,
  type OpaqueJson,
  type Reply,
  type Route,
} from '@strongroom/sdk-plugin';
import { isJsonNull, parseJson } from '@strongroom/sdk-plugin';
import { readValue, requireData, writeNewest } from './secret-value.ts';
import { deletionTime, readSettings, settingsKey, versionsKept, type Settings } from './settings.ts';
import { newestVersion, readTable, writeTable } from './table-record.ts';
import { findVersion, versionBlock, versionReply } from './version-answer.ts';
import { addVersion, changeVersions, isReadable, newTable, type VersionTable } from './version-table.ts';

const writeFields = {
  data: schema.optional(schema.opaque({ description: 'The secret: a JSON object, kept as it is written' })),
  options: schema.optional(
    schema.object({
      cas: schema.optional(schema.integer({ description: 'Write only if this is the current version; 0: only if there is none' })),
    }),
  ),
};

/** The route. */
export const dataRoutes: Readonly<Record<string, Route>> = route('data/{path+}', {
  summary: 'A versioned secret',
  exists: 'meta/{path}',
  read: {
    input: { version: schema.optional(schema.integer({ description: 'Version to read; the newest when 0 or absent' })) },
    reads: ['meta/{path}'],
    follows: [newestVersion],
    handler: (ctx, { path }, { version }) =>
      upon(readTable(ctx, path), (table) => {
        if (table === undefined) return undefined;
        const found = findVersion(ctx, table, version);
        if (found?.readable !== true) return found && versionReply(table, found, 'data', null);
        return upon(readValue(ctx, path, table, found.number), (value) => versionReply(table, found, 'data', value));
      }),
  },
  update: {
    input: writeFields,
    reads: ['meta/{path}', settingsKey],
    handler: async (ctx, { path }, { data, options }) => {
      const value = requireData(data);
      const mount = await readSettings(ctx);
      const table = (await readTable(ctx, path)) ?? newTable(ctx.now());
      checkAndSet(mount, table, options?.cas);
      return writeVersion(ctx, path, mount, table, value);
    },
  },
  patch: {
    input: writeFields,
    reads: ['meta/{path}', settingsKey],
    follows: [newestVersion],
    handler: async (ctx, { path }, { data, options }) => {
      const patch = requireData(data);
      const table = await readTable(ctx, path);
      if (!table) throw new PluginError('missing');
      const mount = await readSettings(ctx);
      checkAndSet(mount, table, options?.cas);
      const found = findVersion(ctx, table, undefined);
      if (!found) throw new PluginError('missing');
      if (!found.readable) return { status: 404, data: versionBlock(table, found.number, found.version) };
      const target = await readValue(ctx, path, table, found.number);
      const merged = isJsonNull(parseJson(patch.text)) ? target : mergePatch(target, patch);
      return writeVersion(ctx, path, mount, table, merged);
    },
  },
  delete: {
    reads: ['meta/{path}'],
    handler: async (ctx, { path }) => {
      const table = await readTable(ctx, path);
      if (!table) return undefined;
      const now = ctx.now();
      const { table: next, changed } = changeVersions(table, [table.current], (version) =>
        isReadable(version, () => now) ? { ...version, deletion: now } : undefined,
      );
      if (changed.length > 0) await writeTable(ctx, path, next);
      return undefined;
    },
  },
});

function checkAndSet(mount: Settings, table: VersionTable, cas: number | undefined): void {
  if (cas === undefined) {
    if (mount.casRequired || table.settings.casRequired) {
      throw new PluginError('invalid', 'check-and-set parameter required for this call');
    }
  } else if (cas !== table.current) {
    throw new PluginError('invalid', 'check-and-set parameter did not match the current version');
  }
}

async function writeVersion(ctx: Context, path: string, mount: Settings, table: VersionTable, value: OpaqueJson): Promise<Reply> {
  const now = ctx.now();
  const version = { created: now, deletion: deletionTime(now, mount, table.settings), destroyed: false };
  const added = addVersion(table, version, versionsKept(mount, table.settings));
  await writeNewest(ctx, path, table, added, value);
  return { data: versionBlock(added.table, added.table.current, version) };
}
