/** The suite of operations that reach outside, with its engine in a component. */
import { vi } from 'vitest';
import type * as Host from '../harness/host.ts';
import type { ServerOptions } from '../../core/system/server-options.ts';

vi.mock('../harness/host.ts', async (original) => {
  const host = await original<typeof Host>();
  const { componentEntry, componentOf } = await import('../harness/components.ts');
  const bytes = await componentOf('examples/api-keys/index.ts');
  return {
    ...host,
    startHost: ({ catalog = [], ...changes }: Partial<ServerOptions> = {}) =>
      host.startHost({
        ...changes,
        catalog: catalog.map((entry) => (entry.name === 'api-keys' ? componentEntry('api-keys', bytes) : entry)),
      }),
  };
});

await import('../outside/outside.test.ts');
