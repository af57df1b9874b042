/**
 * Issues keys at an HTTP service, and revokes them there when their lease ends. The service is any that has
 *
 *     PUT    /keys/<name>  {"role": …}  makes a key and answers {"secret": …}
 *     PATCH  /keys/<name>  {"seconds": …}  keeps it so much longer from now
 *     DELETE /keys/<name>               removes it, whether it is there or not
 *
 * The name of a key is chosen here, before the service hears of it: so there is nothing that could not be removed.
 */
import {
  type Context,
  defineEngine,
  encodeUtf8,
  type Json,
  leaseStep,
  type Outside,
  outside,
  type OutsideRequest,
  type OutsideResponse,
  PluginError,
  route,
  schema as s,
  decodeUtf8,
} from '@strongroom/sdk-plugin';

type Service = { readonly url: string; readonly token: string };
type Plan = Service & { readonly name: string; readonly role: string };

async function serviceOf(ctx: Context): Promise<Service> {
  const service = await ctx.storage.derived('config', (value) => parse(value) as Service);
  if (service === undefined) throw new PluginError('invalid', 'config: write url and token first');
  return service;
}

/** JSON of an entry, written below, or of an answer. */
function parse(value: Uint8Array): unknown {
  return JSON.parse(decodeUtf8(value));
}

/** A name that nobody can guess. */
function newName(ctx: Context): string {
  return Array.from(ctx.random(16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function ask(
  world: Outside,
  { url, token, name }: Service & { readonly name: string },
  method: 'PUT' | 'PATCH' | 'DELETE',
  body?: Json,
): Promise<OutsideResponse> {
  const request: OutsideRequest = { method, url: `${url}/keys/${name}`, headers: { authorization: `Bearer ${token}` } };
  const response = await world.fetch(body === undefined ? request : { ...request, body: encodeUtf8(JSON.stringify(body)) });
  if (response.status >= 300) throw new PluginError('upstream', `the service answered ${response.status}`);
  return response;
}

const apiKeys: ReturnType<typeof defineEngine> = defineEngine({
  name: 'api-keys',
  version: '1.0.0',
  routes: {
    ...route('config', {
      summary: 'Where the service is',
      update: {
        input: { url: s.string({ maxLength: 512 }), token: s.string({ maxLength: 512 }) },
        handler: (ctx, _params, { url, token }) => ctx.storage.put('config', encodeUtf8(JSON.stringify({ url, token }))),
      },
      read: {
        handler: async (ctx) => ({ data: { url: (await serviceOf(ctx)).url } }),
      },
    }),
    ...route('roles/{role}', {
      summary: 'A kind of key',
      exists: 'role/{role}',
      update: {
        input: { ttl: s.optional(s.duration()) },
        handler: (ctx, { role }, { ttl = 0 }) => ctx.storage.put(`role/${role}`, encodeUtf8(JSON.stringify({ ttl }))),
      },
    }),
    ...route('creds/{role}', {
      summary: 'A new key',
      read: outside({
        reads: ['config', 'role/{role}'],
        prepare: async (ctx, { role }) => {
          const settings = await ctx.storage.derived(`role/${role}`, (value) => parse(value) as { readonly ttl: number });
          if (settings === undefined) throw new PluginError('invalid', `role ${role}: there is no such role`);
          const plan = { ...(await serviceOf(ctx)), name: newName(ctx), role };
          return { plan, lease: { kind: 'key', ttl: settings.ttl, data: { name: plan.name } } };
        },
        execute: async (world, plan) => {
          const { body } = await ask(world, plan, 'PUT', { role: plan.role });
          const { secret } = parse(body) as { readonly secret?: string };
          if (secret === undefined) throw new PluginError('upstream', 'the service answered no secret');
          return secret;
        },
        finish: (_ctx, { name }, secret) => ({ data: { name, secret } }),
      }),
    }),
  },
  leases: {
    key: {
      revoke: leaseStep<Plan>({
        // The token may have been changed since: it is read when it is needed.
        prepare: async (ctx, data) => ({ ...(await serviceOf(ctx)), name: (data as { readonly name: string }).name, role: '' }),
        execute: async (world, plan) => void (await ask(world, plan, 'DELETE')),
      }),
      renew: leaseStep<Plan & { readonly seconds: number }>({
        prepare: async (ctx, data, seconds) => ({
          ...(await serviceOf(ctx)),
          name: (data as { readonly name: string }).name,
          role: '',
          seconds,
        }),
        execute: async (world, plan) => void (await ask(world, plan, 'PATCH', { seconds: plan.seconds })),
      }),
    },
  },
});
export default apiKeys;
