/** An engine whose roles have one key each at a key service, which the host rotates. */
import {
  type Context,
  decodeUtf8,
  defineEngine,
  encodeUtf8,
  type EngineDefinition,
  type Outside,
  PluginError,
  rotation,
  route,
  schema as s,
} from '@strongroom/sdk-plugin';

type Credential = { readonly role: string; readonly url: string; readonly key: string };

async function ask(world: Outside, method: 'PUT' | 'GET' | 'DELETE', { url, key, role }: Credential): Promise<void> {
  const headers = { authorization: 'Bearer service-token' };
  const body = method === 'PUT' ? { body: encodeUtf8(JSON.stringify({ role })) } : {};
  const { status } = await world.fetch({ method, url: `${url}/keys/${key}`, headers, ...body });
  if (status !== 200) throw new PluginError('upstream', `${method}: the service answered ${status}`);
}

const current = (ctx: Context, role: string): Promise<string | undefined> => ctx.storage.derived(`key/${role}`, decodeUtf8);

const engine: EngineDefinition = defineEngine({
  name: 'static-keys',
  version: '1.0.0',
  routes: {
    ...route('roles/{role}', {
      summary: 'A role with a key of its own',
      update: {
        input: { url: s.string(), key: s.string(), every: s.duration(), grace: s.optional(s.duration()), kind: s.optional(s.string()) },
        handler: (ctx, { role }, { url, key, every, grace = 0, kind = 'key' }) => {
          ctx.storage.put(`key/${role}`, encodeUtf8(key));
          ctx.rotations.keep(role, { kind, every, grace, data: { role, url, key } });
        },
      },
      read: {
        reads: ['key/{role}'],
        handler: async (ctx, { role }) => {
          const key = await current(ctx, role);
          return key === undefined ? undefined : { data: { key } };
        },
      },
      delete: {
        handler: (ctx, { role }) => {
          ctx.storage.delete(`key/${role}`);
          ctx.rotations.stop(role);
        },
      },
    }),
    ...route('rotate/{role}', {
      summary: 'Rotates now',
      update: { handler: (ctx, { role }) => ctx.rotations.start(role) },
    }),
  },
  rotations: {
    key: rotation<Credential>({
      create: (ctx, before) => {
        // A role may change its own schedule on the way.
        if (before.role === 'slowing') ctx.rotations.keep(before.role, { kind: 'key', every: 7200, data: before });
        return { ...before, key: [...ctx.random(8)].map((byte) => byte.toString(16).padStart(2, '0')).join('') };
      },
      set: (world, next) => ask(world, 'PUT', next),
      test: (world, next) => ask(world, 'GET', next),
      finish: (ctx, { role, key }) => ctx.storage.put(`key/${role}`, encodeUtf8(key)),
      retire: (world, old) => ask(world, 'DELETE', old),
    }),
  },
});
export default engine;
