/** An auth method that answers logins no host may believe. */
import { type AuthMethodDefinition, defineAuthMethod, type Login, type Reply, route } from '@strongroom/sdk-plugin';

const fine: Login = { alias: 'a', displayName: 'a', policies: ['p'] };
const ways: Readonly<Record<string, unknown>> = {
  fine,
  number: 17,
  root: { ...fine, policies: ['p', 'ROOT'] },
  policies: { ...fine, policies: 'p' },
  alias: { ...fine, alias: 'a'.repeat(1025) },
  'negative-ttl': { ...fine, ttl: -1 },
  'endless-ttl': { ...fine, ttl: Number.POSITIVE_INFINITY },
  'token-type': { ...fine, tokenType: 'transient' },
  cidr: { ...fine, boundCidrs: ['everywhere'] },
  metadata: { ...fine, metadata: { a: 1 } },
};

const impostor: AuthMethodDefinition = defineAuthMethod({
  name: 'impostor',
  version: '0.1.0',
  routes: {
    ...route('as/undeclared', { summary: 'A login that is none', access: 'public', update: { handler: () => ({ login: fine }) } }),
    ...route('as/{way}', {
      summary: 'A login of this kind',
      access: 'public',
      update: {
        alias: '{way}',
        handler: async (ctx, { way }): Promise<Reply | undefined> => {
          if (way === 'nothing') return undefined;
          if (way === 'not-a-password') await ctx.passwords.hash(1 as never);
          if (way === 'not-a-hash') await ctx.passwords.verify('p', 'p');
          if (way === 'many-passwords')
            await Promise.all(Array.from({ length: 100 }, (_, index) => ctx.passwords.verify(`p${index}`, undefined)));
          return { login: ways[way] as never };
        },
      },
    }),
  },
  renew: () => fine,
});
export default impostor;
