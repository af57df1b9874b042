/** An engine that uses what the examples don't: a job, migrations, create beside update, and leases that are renewed outside. */
import {
  type Context,
  decodeUtf8,
  defineEngine,
  encodeUtf8,
  leaseStep,
  outside,
  PluginError,
  route,
  schema as s,
} from '@strongroom/sdk-plugin';

/** Where notes are shared; any host, since a test answers. */
const service = 'https://notes.example';

async function textOf(ctx: Context, key: string): Promise<string | undefined> {
  const bytes = await ctx.storage.get(key);
  return bytes && decodeUtf8(bytes);
}

/** Applies `change` to every note; keys and texts as they are. */
async function changeAll(
  ctx: Context,
  directory: string,
  change: (name: string, text: string) => readonly [string, string],
): Promise<void> {
  for (const name of await ctx.storage.list(directory)) {
    const [key, text] = change(name, (await textOf(ctx, directory + name)) ?? '');
    if (key !== directory + name) ctx.storage.delete(directory + name);
    ctx.storage.put(key, encodeUtf8(text));
  }
}

const notebook: ReturnType<typeof defineEngine> = defineEngine({
  name: 'notebook',
  version: '2.1.0',
  routes: {
    ...route('notes/{name}', {
      summary: 'A note',
      exists: 'note/{name}',
      lowercase: ['name'],
      create: {
        input: { text: s.string({ maxLength: 100 }), days: s.optional(s.integer({ minimum: 1, maximum: 7 })) },
        handler: (ctx, { name }, { text, days = 7 }) => {
          ctx.storage.put(`note/${name}`, encodeUtf8(`v2 ${text}`));
          ctx.storage.put(`end/${String(ctx.now() + days * 86_400_000).padStart(16, '0')}-${name}`, encodeUtf8(name));
        },
      },
      update: {
        input: { text: s.string({ maxLength: 100 }), how: s.optional(s.string({ oneOf: ['append', 'replace'] })) },
        reads: ['note/{name}'],
        handler: async (ctx, { name }, { text, how }) => {
          const old = how === 'append' ? `${(await textOf(ctx, `note/${name}`)) ?? 'v2 '}, ` : 'v2 ';
          ctx.storage.put(`note/${name}`, encodeUtf8(old + text));
          return { data: { length: old.length + text.length - 3 }, warnings: how === undefined ? ['replaced'] : [] };
        },
      },
      read: {
        handler: async (ctx, { name }) => {
          const text = await textOf(ctx, `note/${name}`);
          return text === undefined ? undefined : { data: { text: text.slice(3) } };
        },
      },
    }),
    ...route('shares/{name}', {
      summary: 'A link to a note, for an hour',
      read: outside({
        prepare: async (ctx, { name }: { readonly name: string }) => {
          const text = await textOf(ctx, `note/${name}`);
          if (text === undefined) throw new PluginError('invalid', 'there is no such note');
          const link = `l${ctx.random(4).join('')}`;
          return { plan: { link, text }, lease: { kind: 'link', ttl: 3600, data: { link } } };
        },
        execute: async (world, { link, text }) => {
          const { status } = await world.fetch({ method: 'PUT', url: `${service}/${link}`, body: encodeUtf8(text) });
          if (status !== 201) throw new PluginError('upstream', `the service answered ${status}`);
          return `${service}/${link}`;
        },
      }),
    }),
  },
  leases: {
    link: {
      revoke: leaseStep<{ readonly link: string }>({
        execute: async (world, { link }) => {
          const { status } = await world.fetch({ method: 'DELETE', url: `${service}/${link}` });
          if (status !== 204 && status !== 404) throw new PluginError('upstream', `the service answered ${status}`);
        },
      }),
      renew: leaseStep<{ readonly link: string }>({
        execute: async (world, { link }) => void (await world.fetch({ method: 'PATCH', url: `${service}/${link}` })),
      }),
    },
  },
  jobs: {
    tidy: {
      every: 3600,
      run: async (ctx) => {
        const [first] = await ctx.storage.list('end/', '', 1);
        if (first === undefined || Number(first.slice(0, 16)) > ctx.now()) return undefined;
        ctx.storage.delete(`note/${first.slice(17)}`);
        ctx.storage.delete(`end/${first}`);
        return 'more';
      },
    },
  },
  migrations: {
    // Notes lay at the root of the mount once, and said nothing of their version.
    '2.0.0': (ctx) => changeAll(ctx, 'note/', (name, text) => [`note/${name}`, text.startsWith('v2 ') ? text : `v2 ${text}`]),
    '1.0.0': (ctx) => changeAll(ctx, 'page/', (name, text) => [`note/${name}`, text]),
  },
});
export default notebook;
