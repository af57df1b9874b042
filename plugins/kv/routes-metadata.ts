/** `metadata/{path}`: settings, custom metadata and the version table of one secret; deleting it removes the secret whole. */
import { parseJson, PluginError, route, schema, type Route } from '@strongroom/sdk-plugin';
import { checkCustomMetadata, patchCustomMetadata } from './custom-metadata.ts';
import { listSecrets, listFields, scanSecrets } from './listing.ts';
import { metadataBlock } from './metadata-answer.ts';
import { removeValues } from './secret-value.ts';
import { maxVersionsMax, readSettings, settingsKey, type Settings } from './settings.ts';
import { readTable, tableKey, writeTable } from './table-record.ts';
import { firstKept, newTable, type VersionTable } from './version-table.ts';

const maxVersions = schema.integer({ maximum: maxVersionsMax, description: "Versions to keep; 0: as the mount's config says" });
const casRequired = schema.boolean({ description: 'Refuse writes without options.cas' });
const deleteVersionAfter = schema.duration({ description: "Versions delete themselves after this time; 0: as the mount's config says" });

/** The route. */
export const metadataRoutes: Readonly<Record<string, Route>> = route('metadata/{path+}', {
  summary: 'Versions and settings of a secret',
  exists: 'meta/{path}',
  read: {
    reads: ['meta/{path}'],
    handler: async (ctx, { path }) => {
      const table = await readTable(ctx, path);
      return table && { data: metadataBlock(table) };
    },
  },
  update: {
    input: {
      max_versions: schema.optional(maxVersions),
      cas_required: schema.optional(casRequired),
      delete_version_after: schema.optional(deleteVersionAfter),
      custom_metadata: schema.optional(schema.stringMap({ description: 'Replaces all custom metadata' })),
    },
    reads: ['meta/{path}', settingsKey],
    handler: async (ctx, { path }, body) => {
      if (Object.values(body).every((value) => value === undefined)) return undefined;
      const table = (await readTable(ctx, path)) ?? newTable(ctx.now());
      await writeTable(ctx, path, {
        ...table,
        settings: changed(table, body),
        custom: body.custom_metadata ? checkCustomMetadata(body.custom_metadata) : table.custom,
      });
      return ignoredCas(await readSettings(ctx), body.cas_required);
    },
  },
  patch: {
    input: {
      max_versions: schema.nullable(maxVersions),
      cas_required: schema.nullable(casRequired),
      delete_version_after: schema.nullable(deleteVersionAfter),
      custom_metadata: schema.optional(schema.opaque({ description: 'Merged into the custom metadata; null removes a key' })),
    },
    reads: ['meta/{path}', settingsKey],
    handler: async (ctx, { path }, body) => {
      const table = await readTable(ctx, path);
      if (!table) throw new PluginError('missing');
      const custom = body.custom_metadata ? patchCustomMetadata(table.custom, parseJson(body.custom_metadata.text)) : table.custom;
      await writeTable(ctx, path, { ...table, settings: changed(table, body), custom });
      return ignoredCas(await readSettings(ctx), body.cas_required ?? undefined);
    },
  },
  delete: {
    reads: ['meta/{path}'],
    handler: async (ctx, { path }) => {
      const table = await readTable(ctx, path);
      if (!table) return undefined;
      const stored = table.versions.flatMap(({ destroyed }, index) => (destroyed ? [] : [firstKept(table) + index]));
      removeValues(ctx, path, table, stored);
      ctx.storage.delete(tableKey(path));
      return undefined;
    },
  },
  list: { input: listFields, handler: (ctx, { path }, page) => listSecrets(ctx, path, page) },
  scan: { input: listFields, handler: (ctx, { path }, page) => scanSecrets(ctx, path, page) },
});

interface SettingsBody {
  readonly max_versions: number | null | undefined;
  readonly cas_required: boolean | null | undefined;
  readonly delete_version_after: number | null | undefined;
}

/** null sets back, undefined leaves as it is. */
function changed({ settings }: VersionTable, body: SettingsBody): Settings {
  return {
    maxVersions: body.max_versions === undefined ? settings.maxVersions : (body.max_versions ?? 0),
    casRequired: body.cas_required === undefined ? settings.casRequired : (body.cas_required ?? false),
    deleteVersionAfter: body.delete_version_after === undefined ? settings.deleteVersionAfter : (body.delete_version_after ?? 0),
  };
}

function ignoredCas(mount: Settings, wanted: boolean | undefined): { readonly warnings: readonly string[] } | undefined {
  if (!mount.casRequired || wanted !== false) return undefined;
  return { warnings: ['"cas_required" set to false, but is mandated by backend config. This value will be ignored.'] };
}
