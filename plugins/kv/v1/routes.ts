/**
 * Every path is a secret, and the whole body its value. It is stored as the first and only version of a secret of KV version 2, so that
 * a mount that is upgraded has nothing to convert: version 2 serves it as it lies there.
 */
import { type Context, type OpaqueJson, parseSeconds, PluginError, type Reply, route, type Route, schema } from '@strongroom/sdk-plugin';
import { listFields, listSecrets, scanSecrets } from '../listing.ts';
import { encodeValue, storedValue } from '../secret-value.ts';
import { encodeTable, tableKey, versionKey } from '../table-record.ts';
import { addVersion, newTable } from '../version-table.ts';

/** Number of the version that a value is stored as. */
const only = 1;

/** The routes: secrets, and the root of the mount, which can only be listed. */
export const secretRoutes: Readonly<Record<string, Route>> = {
  ...route('', {
    summary: 'Secrets at the root of the mount',
    list: { input: listFields, handler: (ctx, _, page) => listSecrets(ctx, '', page) },
    scan: { input: listFields, handler: (ctx, _, page) => scanSecrets(ctx, '', page) },
  }),
  ...route('{path+}', {
    summary: 'A secret: whatever fields are sent',
    exists: 'meta/{path}',
    read: {
      reads: ['version/{path}/1'],
      handler: async (ctx, { path }) => {
        const value = await storedValue(ctx, path, only);
        return value && { data: value, leaseDuration: leaseDuration(value) };
      },
    },
    update: {
      input: { secret: schema.optional(schema.body({ description: 'The secret: a JSON object, kept as it is written' })) },
      handler: (ctx, { path }, { secret }) => write(ctx, path, secret),
    },
    delete: {
      handler: (ctx, { path }) => {
        ctx.storage.delete(tableKey(path));
        ctx.storage.delete(versionKey(path, only));
      },
    },
    list: { input: listFields, handler: (ctx, { path }, page) => listSecrets(ctx, path, page) },
    scan: { input: listFields, handler: (ctx, { path }, page) => scanSecrets(ctx, path, page) },
  }),
};

function write(ctx: Context, path: string, secret: OpaqueJson | undefined): Reply | undefined {
  if (secret === undefined || /^\s*(?:null|\{\s*\})\s*$/.test(secret.text)) throw new PluginError('invalid', 'missing data fields');
  const now = ctx.now();
  const version = { created: now, deletion: undefined, destroyed: false };
  ctx.storage.put(versionKey(path, only), encodeValue(secret));
  ctx.storage.put(tableKey(path), encodeTable(addVersion(newTable(now), version, 1).table));
  return undefined;
}

/** What the secret itself says in its field `ttl` (or `lease`), in seconds; otherwise the mount's default. */
function leaseDuration({ text }: OpaqueJson): number {
  const { ttl, lease } = JSON.parse(text) as { readonly ttl?: unknown; readonly lease?: unknown };
  const seconds = parseSeconds(ttl ?? lease);
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0 ? Math.floor(seconds) : 0;
}
