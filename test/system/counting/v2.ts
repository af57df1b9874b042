/** The next versions of the engine: what was `count` is `total`, and it has a `unit`. */
import { decodeUtf8, defineEngine, encodeUtf8, type EngineDefinition, route } from '@strongroom/sdk-plugin';

const engine: EngineDefinition = defineEngine({
  name: 'counting',
  version: '2.1.0',
  routes: {
    ...route('state', {
      summary: 'What was counted',
      read: {
        handler: async (ctx) => ({
          data: {
            total: decodeUtf8((await ctx.storage.get('total')) ?? new Uint8Array()),
            unit: decodeUtf8((await ctx.storage.get('unit')) ?? new Uint8Array()),
            old: (await ctx.storage.get('count')) !== undefined,
          },
        }),
      },
    }),
  },
  migrations: {
    // Not in order, and one that is not for this mount: the host sorts and chooses.
    '2.1.0': async (ctx) => {
      if ((await ctx.storage.get('total')) === undefined) throw new Error('it came too early');
      ctx.storage.put('unit', encodeUtf8('runs'));
    },
    '2.0.0': async (ctx) => {
      const count = await ctx.storage.get('count');
      if (count === undefined) throw new Error('it has run before');
      ctx.storage.put('total', count);
      ctx.storage.delete('count');
    },
    '0.9.0': (ctx) => ctx.storage.put('unit', encodeUtf8('never')),
    '10.0.0': (ctx) => ctx.storage.put('unit', encodeUtf8('not yet')),
  },
});
export default engine;
