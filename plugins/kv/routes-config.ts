/** `config`: the settings of the mount. */
import { route, schema, type Route } from '@strongroom/sdk-plugin';
import { formatDuration } from './go-time.ts';
import { maxVersionsMax, readSettings, settingsKey, writeSettings } from './settings.ts';

/** The route. */
export const configRoutes: Readonly<Record<string, Route>> = route('config', {
  summary: 'Settings for every secret of the mount',
  read: {
    reads: [settingsKey],
    handler: async (ctx) => {
      const settings = await readSettings(ctx);
      return {
        data: {
          cas_required: settings.casRequired,
          delete_version_after: formatDuration(settings.deleteVersionAfter),
          max_versions: settings.maxVersions,
        },
      };
    },
  },
  update: {
    input: {
      max_versions: schema.optional(schema.integer({ maximum: maxVersionsMax, description: 'Versions to keep per secret; 0 means 10' })),
      cas_required: schema.optional(schema.boolean({ description: 'Refuse every write without options.cas' })),
      delete_version_after: schema.optional(schema.duration({ description: 'Versions delete themselves after this time; 0 means never' })),
    },
    reads: [settingsKey],
    handler: async (ctx, _, body) => {
      const settings = await readSettings(ctx);
      writeSettings(ctx, {
        maxVersions: body.max_versions ?? settings.maxVersions,
        casRequired: body.cas_required ?? settings.casRequired,
        deleteVersionAfter: body.delete_version_after ?? settings.deleteVersionAfter,
      });
      return undefined;
    },
  },
});
