/** `login/…`: a name and a password for a token. */
import { PluginError, route, type Route, schema } from '@strongroom/sdk-plugin';
import { isUsername, loginOf, passwordMax, readUser, userKey } from './user.ts';

/** The route. */
export const loginRoutes: Readonly<Record<string, Route>> = route('login/{username}', {
  summary: 'Log in',
  access: 'public',
  lowercase: ['username'],
  update: {
    input: { password: schema.optional(schema.secret({ maxLength: passwordMax })) },
    reads: [userKey],
    alias: '{username}',
    handler: async (ctx, { username }, { password }) => {
      if (password === undefined || password.reveal() === '') throw new PluginError('invalid', 'missing password');
      const user = isUsername(username) ? await readUser(ctx, username) : undefined;
      // Whether the user exists shows neither in the time nor in the answer.
      const right = await ctx.passwords.verify(password, user?.passwordHash);
      if (user === undefined || !right) throw new PluginError('credentials', 'invalid username or password');
      return { login: loginOf(username, user) };
    },
  },
});
