/** All routes that the host itself serves. */
import type { HostRoute } from '../request/host-route.ts';
import { auditRoutes } from './audit-routes.ts';
import { authRoutes } from './auth-routes.ts';
import { catalogRoutes } from './catalog-routes.ts';
import { cubbyholeRoutes } from './cubbyhole-routes.ts';
import { generateRootRoutes } from './generate-root-routes.ts';
import { identityRoutes } from './identity-routes.ts';
import { internalRoutes } from './internal-routes.ts';
import { keyRoutes } from './key-routes.ts';
import { leaseRoutes } from './lease-routes.ts';
import { machineRoutes } from './machine-routes.ts';
import { metricsRoutes } from './metrics-routes.ts';
import { mountRoutes } from './mount-routes.ts';
import { namespaceRoutes } from './namespace-routes.ts';
import { openApiRoutes } from './openapi-routes.ts';
import { passwordPolicyRoutes } from './password-policy-routes.ts';
import { pluginRoutes } from './plugin-routes.ts';
import { policyRoutes } from './policy-routes.ts';
import { quotaRoutes } from './quota-routes.ts';
import { remountRoutes } from './remount-routes.ts';
import { settingsRoutes } from './settings-routes.ts';
import { rekeyRoutes } from './rekey-routes.ts';
import type { Server } from './server.ts';
import { snapshotRoutes } from './snapshot-routes.ts';
import { statusRoutes } from './status-routes.ts';
import { toolRoutes } from './tool-routes.ts';
import { tokenRoutes } from './token-routes.ts';
import { wrappingRoutes } from './wrapping-routes.ts';

/** The route table of `sys/` and `auth/token/`. */
export function systemRoutes(server: Server): Readonly<Record<string, HostRoute>> {
  return {
    ...statusRoutes(server),
    ...keyRoutes(server),
    ...rekeyRoutes(server),
    ...generateRootRoutes(server),
    ...snapshotRoutes(server),
    ...mountRoutes,
    ...remountRoutes,
    ...authRoutes,
    ...pluginRoutes,
    ...catalogRoutes,
    ...namespaceRoutes,
    ...leaseRoutes,
    ...policyRoutes,
    ...passwordPolicyRoutes,
    ...quotaRoutes,
    ...tokenRoutes(server),
    ...wrappingRoutes,
    ...cubbyholeRoutes,
    ...auditRoutes(server),
    ...metricsRoutes(server),
    ...machineRoutes(server),
    ...settingsRoutes,
    ...toolRoutes,
    ...openApiRoutes,
    ...internalRoutes,
    ...identityRoutes,
  };
}
