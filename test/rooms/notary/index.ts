/** An engine that uses every part of the contract that KV has no need of: keys that the host holds, answers without envelope, secrets. */
import {
  type Context,
  CryptoError,
  type CryptoKey,
  decodeUtf8,
  defineEngine,
  encodeUtf8,
  type EngineDefinition,
  PluginError,
  route,
  schema as s,
} from '@strongroom/sdk-plugin';

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const unhex = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

async function keyOf(ctx: Context, name: string): Promise<CryptoKey> {
  const sealed = await ctx.storage.get(`key/${name}`);
  if (sealed === undefined) throw new PluginError('missing');
  return ctx.crypto.openKey(sealed);
}

// Made when the component is built, without a host.
const deed = encodeUtf8('deed ä');
const iv = new Uint8Array(12);
const usages = ['encrypt', 'decrypt'] as const;

const engine: EngineDefinition = defineEngine({
  name: 'notary',
  version: '1.0.0',
  routes: {
    ...route('keys/{name}', {
      summary: 'A key for AES-GCM',
      update: {
        input: { extractable: s.optional(s.boolean()), material: s.optional(s.secret({ maxLength: 64 })) },
        handler: async (ctx, { name }, { extractable = false, material }) => {
          const key =
            material === undefined
              ? await ctx.crypto.generateKey({ name: 'AES-GCM', length: 256 }, extractable, usages)
              : await ctx.crypto.importKey('raw', unhex(material.reveal()), { name: 'AES-GCM' }, extractable, usages);
          ctx.storage.put(`key/${name}`, key.sealed);
          return { data: { algorithm: { ...key.algorithm }, said: String(material) } };
        },
      },
      read: {
        reads: ['key/{name}'],
        handler: async (ctx, { name }) => ({ data: { material: hex(await ctx.crypto.exportKey('raw', await keyOf(ctx, name))) } }),
      },
    }),
    ...route('encrypt/{name}', {
      summary: 'Encryption',
      update: {
        input: { text: s.string() },
        handler: async (ctx, { name }, { text }) => ({
          data: { sealed: hex(await ctx.crypto.encrypt({ name: 'AES-GCM', iv }, await keyOf(ctx, name), encodeUtf8(text))) },
        }),
      },
    }),
    ...route('decrypt/{name}', {
      summary: 'Decryption',
      update: {
        input: { sealed: s.string() },
        handler: async (ctx, { name }, { sealed }) => {
          try {
            return { data: { text: decodeUtf8(await ctx.crypto.decrypt({ name: 'AES-GCM', iv }, await keyOf(ctx, name), unhex(sealed))) } };
          } catch (error) {
            if (error instanceof CryptoError && error.name === 'OperationError') throw new PluginError('invalid', 'field sealed: forged');
            throw error;
          }
        },
      },
    }),
    ...route('lend/{name}', {
      summary: 'A handle, to be tried elsewhere',
      read: { handler: async (ctx, { name }) => ({ data: { sealed: hex((await keyOf(ctx, name)).sealed) } }) },
      update: {
        input: { sealed: s.string() },
        handler: async (ctx, _, { sealed }) => ({
          data: { text: hex(await ctx.crypto.encrypt({ name: 'AES-GCM', iv }, ctx.crypto.openKey(unhex(sealed)), encodeUtf8('x'))) },
        }),
      },
    }),
    ...route('sign/{kind}', {
      summary: 'Signs with a fresh key and checks it',
      update: {
        handler: async (ctx, { kind }) => {
          const rsa = kind === 'rsa';
          const params = rsa ? ({ name: 'RSASSA-PKCS1-v1_5' } as const) : ({ name: 'ECDSA', hash: 'SHA-256' } as const);
          const algorithm = rsa
            ? ({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048 } as const)
            : ({ name: 'ECDSA', namedCurve: 'P-256' } as const);
          const { privateKey, publicKey } = await ctx.crypto.generateKey(algorithm, false, ['sign', 'verify']);
          const data = deed;
          const signature = await ctx.crypto.sign(params, privateKey, data);
          const digest = await ctx.crypto.digest('SHA-256', data);
          return { data: { valid: await ctx.crypto.verify(params, publicKey, signature, data), digest: hex(digest) } };
        },
      },
    }),
    ...route('raw/{name}', {
      summary: 'Bytes without an envelope',
      read: {
        reads: ['raw/{name}'],
        handler: async (ctx, { name }) => {
          const stored = await ctx.storage.get(`raw/${name}`);
          return stored && { raw: stored, headers: { 'content-type': 'application/pkix-cert', etag: '"1"', 'x-kept': 'yes' } };
        },
      },
      update: {
        input: { text: s.string() },
        handler: (ctx, { name }, { text }) => {
          ctx.storage.put(`raw/${name}`, encodeUtf8(text));
          return { raw: encodeUtf8('kept'), status: 201 };
        },
      },
      delete: {
        // What a header may not be is the engine's failure.
        handler: (_, { name }) => ({ raw: new Uint8Array(0), headers: { [name]: name === 'etag' ? 'a\r\nb: c' : 'x' } }),
      },
    }),
    ...route('heard', {
      summary: 'What the mount lets through of a request, said again in headers of the answer',
      read: {
        handler: (ctx) => ({
          data: { ...ctx.caller().headers },
          headers: { 'x-heard': ctx.caller().headers['x-asked'] ?? 'nothing', etag: '"2"' },
        }),
      },
    }),
    ...route('leak/{where}', {
      summary: 'Lets a secret get somewhere by accident',
      update: {
        input: { secret: s.secret() },
        handler: (ctx, { where }, { secret }) => {
          // Whoever writes JavaScript has no types to stop them.
          if (where === 'data') return { data: { secret: secret as unknown as string } };
          if (where === 'log') ctx.log('info', `the secret is ${String(secret)}`);
          if (where === 'error') throw new Error(`no ${String(secret)}`);
          return { data: { said: String(secret) } };
        },
      },
    }),
  },
});
export default engine;
