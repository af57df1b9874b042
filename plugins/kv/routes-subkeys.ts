/** `subkeys/{path}`: the keys of a secret without its values. */
import { route, schema, subkeys, type Route } from '@strongroom/sdk-plugin';
import { readValue } from './secret-value.ts';
import { newestVersion, readTable } from './table-record.ts';
import { findVersion, versionReply } from './version-answer.ts';

/** The route. */
export const subkeyRoutes: Readonly<Record<string, Route>> = route('subkeys/{path+}', {
  summary: 'Keys of a secret, their values replaced by null',
  read: {
    input: {
      version: schema.optional(schema.integer({ description: 'Version to read; the newest when 0 or absent' })),
      depth: schema.optional(schema.integer({ description: 'Levels of keys to show; 0: all' })),
    },
    reads: ['meta/{path}'],
    follows: [newestVersion],
    handler: async (ctx, { path }, { version, depth }) => {
      const table = await readTable(ctx, path);
      const found = table && findVersion(ctx, table, version);
      if (table === undefined || found === undefined) return undefined;
      const keys = found.readable ? subkeys(await readValue(ctx, path, table, found.number), depth) : null;
      return versionReply(table, found, 'subkeys', keys);
    },
  },
});
