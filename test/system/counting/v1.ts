/** An engine with a job that counts itself, in two steps a run, and fails on demand. */
import { decodeUtf8, defineEngine, encodeUtf8, type EngineDefinition, route } from '@strongroom/sdk-plugin';

const engine: EngineDefinition = defineEngine({
  name: 'counting',
  version: '1.0.0',
  routes: {
    ...route('state', {
      summary: 'What was counted',
      read: {
        handler: async (ctx) => ({
          data: Object.fromEntries(
            await Promise.all(
              (await ctx.storage.list('')).map(async (name) => [name, decodeUtf8((await ctx.storage.get(name)) ?? new Uint8Array())]),
            ),
          ),
        }),
      },
      update: { handler: (ctx) => ctx.storage.put('fail', encodeUtf8('yes')) },
      delete: { handler: (ctx) => ctx.storage.delete('fail') },
    }),
  },
  jobs: {
    count: {
      every: 60,
      run: async (ctx) => {
        const count = Number(decodeUtf8((await ctx.storage.get('count')) ?? encodeUtf8('0'))) + 1;
        ctx.storage.put('count', encodeUtf8(String(count)));
        if ((await ctx.storage.get('fail')) !== undefined) throw new Error('as it was told');
        return count % 2 === 1 ? 'more' : undefined;
      },
    },
  },
});
export default engine;
