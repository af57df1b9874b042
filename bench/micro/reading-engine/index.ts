/** An engine that does one thing a call: its reads ask for as many entries as the path says, one after the other, and answer with what the last one held; or an
 * operation on a key. */
import { type Context, decodeUtf8, defineEngine, encodeUtf8, type EngineDefinition, OpaqueJson, route } from '@strongroom/sdk-plugin';

const data = encodeUtf8('x'.repeat(1024));
const iv = new Uint8Array(12);

const operations: Readonly<Record<string, (ctx: Context, sealed: Uint8Array) => Promise<Uint8Array>>> = {
  aes: ({ crypto }, sealed) => crypto.encrypt({ name: 'AES-GCM', iv }, crypto.openKey(sealed), data),
  ecdsa: ({ crypto }, sealed) => crypto.sign({ name: 'ECDSA', hash: 'SHA-256' }, crypto.openKey(sealed), data),
  rsa: ({ crypto }, sealed) => crypto.sign({ name: 'RSASSA-PKCS1-v1_5' }, crypto.openKey(sealed), data),
};

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
    ...route('crypto/{kind}', {
      summary: 'Uses a key',
      read: {
        reads: ['key/{kind}'],
        handler: async (ctx, { kind }) => {
          const sealed = await ctx.storage.get(`key/${kind}`);
          return sealed && { data: { bytes: (await operations[kind]!(ctx, sealed)).length } };
        },
      },
    }),
  },
});
export default engine;
