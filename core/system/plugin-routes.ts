/** `sys/plugins/status`: how the rooms of the plugins are. */
import type { Json } from '@strongroom/sdk-plugin';
import { type HostRoute, hostRoute } from '../request/host-route.ts';

/** The routes. */
export const pluginRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('sys/plugins/status', {
    summary: 'State of every plugin in use',
    access: 'sudo',
    read: {
      handler: ({ unsealed }) => {
        const plugins: Record<string, Json> = {};
        for (const [type, { state, reason, restarts, running }] of Object.entries(unsealed.rooms.status()))
          plugins[type] = { state, restarts, running, ...(reason === undefined ? {} : { reason }) };
        return { data: { plugins } };
      },
    },
  }),
};
