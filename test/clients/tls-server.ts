/** The server that clients from elsewhere are tried on: TLS only, not initialized, everything allowed that the config can allow, an engine that has leases. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPlugin } from '@strongroom/sdk-plugin/build';
import { certify } from '../harness/certificates.ts';
import { freePort, TestServer } from '../harness/server.ts';
import { KeyService } from '../outside/key-service.ts';

/** A started one. */
export interface ClientServer {
  /** `https://…` */
  readonly address: string;
  /** PEM file of the authority of its certificate. */
  readonly caFile: string;
  /** Below which the API makes audit files. */
  readonly directory: string;
  /** Where the engine `api-keys`, mounted at `keys/`, makes its keys: its `config` takes this `url` and the token `service-token`. */
  readonly serviceUrl: string;
  readonly server: TestServer;
  close(): Promise<void>;
}

async function apiKeys(folder: string): Promise<Record<string, unknown>> {
  const path = join(folder, 'api-keys.mjs');
  await buildPlugin(fileURLToPath(new URL('../../examples/api-keys/index.ts', import.meta.url)), path);
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  return { name: 'api-keys', path, version: '1.0.0', sha256, isolation: 'thread' };
}

/** Starts one. */
export async function startClientServer(): Promise<ClientServer> {
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-clients-'));
  certify(directory, 'server');
  const port = await freePort();
  const service = await KeyService.start();
  const server = await TestServer.start({
    config: {
      seal: { type: 'shamir' },
      initialize: { auto: false },
      listeners: [
        {
          type: 'tcp',
          address: `127.0.0.1:${port}`,
          tls: { cert_file: join(directory, 'server.pem'), key_file: join(directory, 'server.key') },
        },
      ],
      audit_devices: { directory },
      plugins: [await apiKeys(directory)],
      mounts: [
        { path: 'secret/', type: 'kv', options: { version: 2 } },
        { path: 'keys/', type: 'api-keys', hosts: [service.url] },
      ],
      log: { level: 'debug', format: 'json' },
    },
  });
  return {
    address: `https://127.0.0.1:${port}`,
    caFile: join(directory, 'server.pem'),
    directory,
    serviceUrl: service.url,
    server,
    async close() {
      await server.destroy();
      await service.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
