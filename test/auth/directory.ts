/** An auth method that asks another server: who may log in is known there alone. */
import {
  type AuthMethodDefinition,
  decodeUtf8,
  defineAuthMethod,
  encodeUtf8,
  outside,
  PluginError,
  route,
  schema,
} from '@strongroom/sdk-plugin';

const directory: AuthMethodDefinition = defineAuthMethod({
  name: 'directory',
  version: '0.1.0',
  routes: {
    ...route('config', {
      summary: 'Where the directory is',
      update: {
        input: { url: schema.string() },
        handler: (ctx, _, { url }) => ctx.storage.put('url', encodeUtf8(url)),
      },
    }),
    ...route('login/{name}', {
      summary: 'Log in with what the directory knows',
      access: 'public',
      lowercase: ['name'],
      update: outside({
        alias: '{name}',
        input: { password: schema.string() },
        prepare: async (ctx, { name }: { readonly name: string }, { password }) => {
          const url = await ctx.storage.get('url');
          if (url === undefined) throw new PluginError('invalid', 'the method is not configured');
          return { plan: { name, password, url: decodeUtf8(url) } };
        },
        execute: async (world, { name, password, url }) => {
          const answer = await world.fetch({ method: 'POST', url: `${url}/${name}`, body: encodeUtf8(password) });
          if (answer.status === 401) throw new PluginError('credentials', 'invalid username or password');
          if (answer.status !== 200) throw new PluginError('upstream', 'the directory failed');
          return { groups: decodeUtf8(answer.body).split(',') };
        },
        finish: (_, { name }, { groups }) => ({
          login: { alias: name, displayName: name, policies: groups, groups, metadata: { groups: groups.join(' ') } },
        }),
      }),
    }),
  },
  renew: (_, { alias, displayName, policies }) => ({ alias, displayName, policies }),
});
export default directory;
