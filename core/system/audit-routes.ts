/** `sys/audit` and `sys/audit-hash`. Sinks are set in the config file; the API only shows them. */
import { type Json, schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { type HostRoute, hostRoute } from '../request/host-route.ts';
import type { Server } from './server.ts';

const refusal = 'audit devices are set in the config file, under audit_sinks; they cannot be changed through the API';

/** The routes. */
export function auditRoutes(server: Server): Readonly<Record<string, HostRoute>> {
  const refuse = (): never => {
    throw new StrongroomError('invalid', refusal);
  };
  return {
    ...hostRoute('sys/audit', {
      summary: 'Audit sinks',
      access: 'sudo',
      topLevel: true,
      read: {
        handler: ({ unsealed }) => {
          const data: Record<string, Json> = {};
          for (const { name, type } of server.options.sinkNames)
            data[`${name}/`] = {
              type,
              path: `${name}/`,
              description: 'set in the config file',
              local: false,
              options: { checkpoint_public_key: unsealed.auditPublicKey },
            };
          return { data };
        },
      },
    }),
    ...hostRoute('sys/audit/{path+}', {
      summary: 'Audit devices by API are refused',
      access: 'sudo',
      update: { handler: refuse },
      delete: { handler: refuse },
    }),
    ...hostRoute('sys/audit-hash/{path+}', {
      summary: 'The hash of a value in the audit',
      topLevel: true,
      update: {
        input: { input: s.string() },
        handler: ({ unsealed }, { path }, { input }) => {
          if (!server.options.sinkNames.some(({ name }) => name === path))
            throw new StrongroomError('invalid', `unknown audit backend ${path}`);
          return { data: { hash: unsealed.auditText.hmac(input) } };
        },
      },
    }),
  };
}
