/** An engine whose reads ask for as many entries as the path says, one after the other, and answer with what the last one held. */
import { decodeUtf8, defineEngine, type EngineDefinition, OpaqueJson, route } from '@strongroom/sdk-plugin';

const engine: EngineDefinition = defineEngine({
  name: 'reading',
  version: '1.0.0',
  routes: {
    ...route('reads/{count}', {
      summary: 'Reads entries',
      read: {
        handler: async (ctx, { count }) => {
          let text = '{}';
          for (let index = 0; index < Number(count); index += 1) {
            const value = await ctx.storage.get(`entry/${index}`);
            if (value !== undefined) text = decodeUtf8(value);
          }
          return { data: { value: new OpaqueJson(text) } };
        },
      },
    }),
  },
});
export default engine;
