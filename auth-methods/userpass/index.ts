/** Userpass: users with passwords, as Vault's clients know it. Names have no case. */
import { type AuthMethodDefinition, defineAuthMethod, PluginError } from '@strongroom/sdk-plugin';
import { loginRoutes } from './routes-login.ts';
import { userRoutes } from './routes-users.ts';
import { loginOf, readUser } from './user.ts';

const userpass: AuthMethodDefinition = defineAuthMethod({
  name: 'userpass',
  version: '1.0.0',
  routes: { ...userRoutes, ...loginRoutes },
  renew: async (ctx, login) => {
    const user = await readUser(ctx, login.alias);
    if (user === undefined) throw new PluginError('invalid', 'the user does not exist any more, not renewing');
    // A token never gains or loses rights silently: whoever has other policies now logs in again.
    if (user.token.policies.join('\0') !== login.policies.join('\0'))
      throw new PluginError('invalid', 'policies have changed, not renewing');
    return loginOf(login.alias, user);
  },
});
export default userpass;
