/**
 * `identity/…`: there are no entities, groups or OIDC providers yet. Reads and look-ups say that nothing is there, which is so; what would
 * make one is refused in words.
 */
import { StrongroomError } from '../errors.ts';
import { type HostRoute, hostRoute } from '../request/host-route.ts';

function refuse(): never {
  throw new StrongroomError('invalid', 'this server has no entities, groups or OIDC providers yet: none can be made');
}

const nothing = { handler: () => undefined };

/** The routes. */
export const identityRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('identity/lookup/{kind}', {
    summary: 'Look up an entity or a group: there is none',
    update: nothing,
  }),
  ...hostRoute('identity/{path+}', {
    summary: 'Entities, groups, their aliases and OIDC providers: none yet',
    list: nothing,
    read: nothing,
    update: { handler: refuse },
    delete: nothing,
  }),
};
