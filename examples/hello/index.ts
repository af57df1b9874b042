/** The smallest engine that does something: greetings, kept and given back. */
import { defineEngine, encodeUtf8, route, schema as s, decodeUtf8 } from '@strongroom/sdk-plugin';

const hello: ReturnType<typeof defineEngine> = defineEngine({
  name: 'hello',
  version: '1.0.0',
  routes: {
    ...route('greeting/{name}', {
      summary: 'A greeting',
      exists: 'greeting/{name}',
      read: {
        reads: ['greeting/{name}'],
        handler: async (ctx, { name }) => {
          const stored = await ctx.storage.get(`greeting/${name}`);
          return stored && { data: { name, text: decodeUtf8(stored) } };
        },
      },
      update: {
        input: { text: s.string({ maxLength: 200 }) },
        handler: (ctx, { name }, { text }) => ctx.storage.put(`greeting/${name}`, encodeUtf8(text)),
      },
    }),
  },
});
export default hello;
