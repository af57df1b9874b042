/** `users/…`: who may log in, with which password, and what their tokens may do. */
import { PluginError, route, type Route, schema, tokenFields, tokenSettingsData } from '@strongroom/sdk-plugin';
import { changedUser, checkUsername, hashPassword, passwordMax, readUser, userDirectory, userKey, writeUser } from './user.ts';

const password = schema.secret({ maxLength: passwordMax, description: `1 to ${passwordMax} characters` });

const listFields = {
  after: schema.optional(schema.string({ description: 'List the users after this one' })),
  limit: schema.optional(schema.integer({ minimum: 1, description: 'At most so many' })),
};

function noSuchUser(): PluginError {
  return new PluginError('invalid', 'username does not exist');
}

/** The routes. */
export const userRoutes: Readonly<Record<string, Route>> = {
  ...route('users', {
    summary: 'All users',
    list: {
      input: listFields,
      handler: async (ctx, _, { after, limit }) => {
        const keys = await ctx.storage.list(userDirectory, after, limit);
        return keys.length === 0 ? undefined : { data: { keys } };
      },
    },
  }),
  ...route('users/{username}', {
    summary: 'A user',
    exists: userKey,
    lowercase: ['username'],
    read: {
      reads: [userKey],
      handler: async (ctx, { username }) => {
        const user = await readUser(ctx, username);
        return user && { data: tokenSettingsData(user.token) };
      },
    },
    update: {
      input: { password: schema.optional(password), ...tokenFields },
      reads: [userKey],
      handler: async (ctx, { username }, input) => {
        checkUsername(username);
        const before = await readUser(ctx, username);
        if (before === undefined && input.password === undefined) throw new PluginError('invalid', 'missing password');
        // Settings are checked first: they cost nothing.
        changedUser('', before, input);
        const hash = input.password === undefined ? before?.passwordHash : await hashPassword(ctx, input.password);
        writeUser(ctx, username, changedUser(hash ?? '', before, input));
        return undefined;
      },
    },
    delete: { handler: (ctx, { username }) => ctx.storage.delete(userDirectory + username) },
  }),
  ...route('users/{username}/password', {
    summary: "A user's password",
    lowercase: ['username'],
    update: {
      input: { password },
      reads: [userKey],
      handler: async (ctx, { username }, input) => {
        const user = await readUser(ctx, username);
        if (user === undefined) throw noSuchUser();
        writeUser(ctx, username, { ...user, passwordHash: await hashPassword(ctx, input.password) });
        return undefined;
      },
    },
  }),
  ...route('users/{username}/policies', {
    summary: "A user's policies",
    lowercase: ['username'],
    update: {
      input: { token_policies: tokenFields.token_policies, policies: tokenFields.policies },
      reads: [userKey],
      handler: async (ctx, { username }, input) => {
        const user = await readUser(ctx, username);
        if (user === undefined) throw noSuchUser();
        writeUser(ctx, username, changedUser(user.passwordHash, user, input));
        return undefined;
      },
    },
  }),
};
