/** `sys/namespaces`: there is the root namespace alone, which has none below it. */
import { StrongroomError } from '../errors.ts';
import { type HostRoute, hostRoute } from '../request/host-route.ts';

function refuse(): never {
  throw new StrongroomError('invalid', 'this server has the root namespace only: others can not be made');
}

/** The routes. */
export const namespaceRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('sys/namespaces', { summary: 'Namespaces below the root: none', list: { handler: () => undefined } }),
  ...hostRoute('sys/namespaces/{path+}', {
    summary: 'A namespace below the root, of which there are none',
    access: 'sudo',
    read: { handler: () => undefined },
    update: { handler: refuse },
    // With a body: the Go client wants one.
    delete: { handler: () => ({ warnings: ['there is no namespace of this name'] }) },
  }),
};
