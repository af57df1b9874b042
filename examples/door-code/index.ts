/** A small auth method: whoever knows the one code gets the policies that go with it. Runs in `test/auth/example.test.ts`. */
import {
  type AuthMethodDefinition,
  type Context,
  decodeUtf8,
  defineAuthMethod,
  encodeUtf8,
  type Login,
  PluginError,
  route,
  schema,
} from '@strongroom/sdk-plugin';

interface Door {
  readonly hash: string;
  readonly policies: readonly string[];
}

const readDoor = (ctx: Context): Promise<Door | undefined> => ctx.storage.derived('door', (bytes) => JSON.parse(decodeUtf8(bytes)) as Door);
const loginOf = (name: string, { policies }: Door): Login => ({ alias: name, displayName: name, policies, ttl: 3600 });

const doorCode: AuthMethodDefinition = defineAuthMethod({
  name: 'door-code',
  version: '0.1.0',
  routes: {
    ...route('door', {
      summary: 'The code, and what it opens',
      update: {
        input: { code: schema.string({ maxLength: 256 }), policies: schema.stringList() },
        handler: async (ctx, _, { code, policies }) => {
          ctx.storage.put('door', encodeUtf8(JSON.stringify({ hash: await ctx.passwords.hash(code), policies } satisfies Door)));
        },
      },
    }),
    ...route('login', {
      summary: 'Log in by saying who you are, and the code',
      access: 'public',
      update: {
        input: { name: schema.string({ maxLength: 64 }), code: schema.string({ maxLength: 256 }) },
        // The lockout counts by name.
        alias: '{name}',
        handler: async (ctx, _, { name, code }) => {
          const door = await readDoor(ctx);
          const right = await ctx.passwords.verify(code, door?.hash);
          if (door === undefined || !right) throw new PluginError('credentials', 'wrong code');
          return { login: loginOf(name, door) };
        },
      },
    }),
  },
  // Everybody who is in stays in, with what the door opens now.
  renew: async (ctx, login) => {
    const door = await readDoor(ctx);
    if (door === undefined) throw new PluginError('invalid', 'there is no door any more, not renewing');
    return loginOf(login.alias, door);
  },
});
export default doorCode;
