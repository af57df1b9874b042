/** `sys/plugins/catalog`, `reload` and `pins`: what can be mounted. Plugins come from the config file and the server itself; the API shows and restarts them. */
import { type Json, schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { readMounts } from '../mounts/mount-table.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import type { CatalogEntry, PluginKind } from '../runner/catalog.ts';

/** The types that clients ask for, and the kinds they stand for; databases are engines' own plugins, which there are none of yet. */
const kinds: Readonly<Record<string, PluginKind | undefined>> = { secret: 'engine', auth: 'auth-method', database: undefined };

const registered = 'plugins are registered in the config file, under plugins, with their version and SHA-256; not through the API';

function isType(type: string): boolean {
  return Object.hasOwn(kinds, type);
}

function checkType(type: string): void {
  if (!isType(type)) throw new StrongroomError('invalid', `field type: must be one of ${Object.keys(kinds).join(', ')}`);
}

/** Names that a mount can give, of one type. */
function entriesOf({ unsealed }: HostContext, type: string): readonly (readonly [name: string, entry: CatalogEntry])[] {
  const kind = kinds[type];
  return unsealed.rooms.catalog
    .filter((entry) => entry.kind === kind)
    .flatMap((entry) => (entry.types ?? [entry.name]).map((name) => [name, entry] as const))
    .filter(([name], index, all) => all.findIndex(([other]) => other === name) === index)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function shown(name: string, type: string, { version, sha256 }: CatalogEntry): Record<string, Json> {
  return { name, type, version: `v${version}`, builtin: sha256 === undefined, sha256: sha256 ?? '', deprecation_status: 'supported' };
}

function catalog(ctx: HostContext): HostReply {
  const data: Record<string, Json> = {};
  const detailed: Json[] = [];
  for (const type of Object.keys(kinds)) {
    const entries = entriesOf(ctx, type);
    data[type] = entries.map(([name]) => name);
    for (const [name, entry] of entries) detailed.push(shown(name, type, entry));
  }
  return { data: { ...data, detailed } };
}

function find(ctx: HostContext, type: string, name: string): HostReply | undefined {
  checkType(type);
  const found = entriesOf(ctx, type).find(([known]) => known === name);
  return found && { data: { ...shown(name, type, found[1]), args: [], command: '' } };
}

function refuse(): never {
  throw new StrongroomError('invalid', registered);
}

const reloadInput = {
  plugin: s.optional(s.string({ maxLength: 256 })),
  mounts: s.optional(s.stringList()),
  scope: s.optional(s.string({ oneOf: ['', 'global'] })),
};

/** Calls under way end in the workers that they run in; those that come after get new ones. */
async function reload({ tx, unsealed }: HostContext, { plugin, mounts }: s.InferFields<typeof reloadInput>): Promise<HostReply> {
  const named = plugin ?? '';
  if ((named === '') === ((mounts ?? []).length === 0))
    throw new StrongroomError('invalid', 'one of plugin and mounts must be given, and not both');
  const table = await readMounts(tx);
  const chosen =
    named === ''
      ? (mounts ?? []).map((path) => {
          const found = table.at(`${path.replace(/\/$/, '')}/`);
          return found ?? refuseMount(path);
        })
      : table.mounts.filter(({ type, plugin: serving }) => type === named || serving === named);
  if (chosen.length === 0) throw new StrongroomError('invalid', 'field plugin: no mount uses a plugin of this name');
  return { after: () => chosen.forEach((mount) => unsealed.rooms.reload(mount.plugin, mount.class)) };
}

function refuseMount(path: string): never {
  throw new StrongroomError('invalid', `field mounts: there is no mount at ${path.slice(0, 256)}`);
}

/** The routes. */
export const catalogRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('sys/plugins/catalog', { summary: 'Plugins that can be mounted', read: { handler: catalog } }),
  ...hostRoute('sys/plugins/catalog/{type}', {
    summary: 'Names of the plugins of a type',
    access: 'sudo',
    list: {
      handler: (ctx, { type }) => {
        checkType(type);
        return { data: { keys: entriesOf(ctx, type).map(([name]) => name) } };
      },
    },
  }),
  ...hostRoute('sys/plugins/catalog/{type}/{name}', {
    summary: 'A plugin; registered in the config file alone',
    access: 'sudo',
    read: { handler: (ctx, { type, name }) => find(ctx, type, name) },
    update: { handler: refuse },
    delete: { handler: refuse },
  }),
  ...hostRoute('sys/plugins/reload/backend', {
    summary: 'New workers for the plugin of some mounts',
    access: 'sudo',
    update: { input: reloadInput, handler: (ctx, _, input) => reload(ctx, input) },
  }),
  ...hostRoute('sys/plugins/pins', {
    summary: 'Pinned versions: none, since there is one version of each plugin',
    access: 'sudo',
    read: { handler: () => ({ data: { pinned_versions: [] } }) },
  }),
  ...hostRoute('sys/plugins/pins/{type}/{name}', {
    summary: 'The pinned version of a plugin: none, since there is one version of each',
    access: 'sudo',
    read: { handler: () => undefined },
    update: { handler: refuse },
    delete: { handler: () => undefined },
  }),
};
