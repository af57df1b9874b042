/**
 * `identity/…`: entities, groups and their aliases, each in a file of its own. There are no OIDC providers yet: reads say that nothing is
 * there, which is so; what would make one is refused in words.
 */
import { StrongroomError } from '../errors.ts';
import { type HostRoute, hostRoute } from '../request/host-route.ts';
import { entityAliasRoutes } from './entity-alias-routes.ts';
import { entityRoutes } from './entity-routes.ts';
import { groupAliasRoutes } from './group-alias-routes.ts';
import { groupRoutes } from './group-routes.ts';

function refuse(): never {
  throw new StrongroomError('invalid', 'this server has no OIDC providers yet: none can be made');
}

const nothing = { handler: () => undefined };

/** The routes. */
export const identityRoutes: Readonly<Record<string, HostRoute>> = {
  ...entityRoutes,
  ...entityAliasRoutes,
  ...groupRoutes,
  ...groupAliasRoutes,
  ...hostRoute('identity/oidc/{path+}', {
    summary: 'OIDC providers: none yet',
    list: nothing,
    read: nothing,
    update: { handler: refuse },
    delete: nothing,
  }),
};
