/** A server in this process with the engine of the api-keys example, and the real service that it issues at. */
import { readCatalog } from '../../core/runner/catalog.ts';
import type { Declared } from '../../core/system/declared.ts';
import { threadEntry } from '../harness/components.ts';
import { startHost, type TestHost } from '../harness/host.ts';
import { KeyService } from './key-service.ts';

const apiKeys = threadEntry('api-keys', new URL('../../examples/api-keys/index.ts', import.meta.url));

/** What the server is to have. */
export interface KeyHostOptions {
  /** Where the engine is mounted; default `keys/`. */
  readonly mounts?: readonly string[];
  /** Roles of each mount, with the TTL of their keys. */
  readonly roles: Readonly<Record<string, string>>;
  /** Seconds; default: the system's. */
  readonly maxLeaseTtl?: number;
  readonly policies?: Declared['policies'];
}

/** A started one. */
export interface KeyHost extends TestHost {
  readonly service: KeyService;
  /** Lets time pass. */
  pass(seconds: number): void;
  /** Lets time pass, and what is due then be done. */
  later(seconds: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one, on 21 November 2026. */
export async function startKeyHost({ mounts = ['keys/'], roles, maxLeaseTtl, policies = [] }: KeyHostOptions): Promise<KeyHost> {
  const service = await KeyService.start();
  let clock = Date.UTC(2026, 10, 21);
  const config = maxLeaseTtl === undefined ? {} : { maxLeaseTtl };
  const host = await startHost({
    catalog: [...readCatalog(), apiKeys],
    wallClock: () => clock,
    declared: {
      policies,
      mounts: mounts.map((path) => ({ path, type: 'api-keys', description: '', options: null, config, hosts: [service.url] })),
    },
  });
  for (const mount of mounts) {
    await host.send('POST', `${mount}config`, { url: service.url, token: 'service-token' });
    for (const [role, ttl] of Object.entries(roles)) await host.send('POST', `${mount}roles/${role}`, { ttl });
  }
  return {
    ...host,
    service,
    pass: (seconds) => {
      clock += seconds * 1000;
    },
    later: async (seconds) => {
      clock += seconds * 1000;
      await host.server.housekeeping?.sweep();
      host.server.unsealed?.leases.wake();
      await host.server.unsealed?.leases.idle();
    },
    stop: async () => {
      await host.server.stop();
      await service.close();
    },
  };
}
