/** `sys/metrics`. */
import type { Server } from './server.ts';
import { StrongroomError } from '../errors.ts';
import { type HostRoute, hostRoute } from '../request/host-route.ts';
import type { Answer } from '../request/incoming.ts';
import { schema as s } from '@strongroom/sdk-plugin';

const input = { format: s.optional(s.string({ maxLength: 32 })) };

async function metrics(server: Server, format: string | undefined): Promise<Answer> {
  const { registry } = server.metrics;
  if (format === undefined || format === '')
    return { status: 200, body: JSON.stringify(await registry.getMetricsAsJSON()), contentType: 'application/json' };
  if (format !== 'prometheus') throw new StrongroomError('invalid', 'query format: must be prometheus');
  return { status: 200, body: await registry.metrics(), contentType: registry.contentType };
}

/** The route: raw, and open without a token only when the config says so. */
export function metricsRoutes(server: Server): Readonly<Record<string, HostRoute>> {
  return hostRoute('sys/metrics', {
    summary: 'Metrics',
    access: server.options.openMetrics ? 'public' : 'token',
    read: server.options.openMetrics
      ? { input, raw: (_, __, { format }) => metrics(server, format) }
      : { input, handler: async (_, __, { format }) => ({ raw: await metrics(server, format) }) },
  });
}
