/** A server that listens plainly and with TLS, and raw connections to both. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { certify } from '../harness/certificates.ts';
import { Connection, type RawAnswer, type RawRequest } from '../harness/client.ts';
import { freePort, TestServer } from '../harness/server.ts';

/** How a connection is made. */
export const transports = ['plain', 'TLS'] as const;
export type Transport = (typeof transports)[number];

/** A server with both. */
export interface Attacked {
  readonly server: TestServer;
  readonly ports: Readonly<Record<Transport, number>>;
  /** A connection that is ready for bytes. */
  open(transport: Transport): Promise<Socket>;
  /** Asks as root, plainly. */
  ask(request: RawRequest): Promise<RawAnswer>;
  destroy(): Promise<void>;
}

/** Starts one. @param config besides the listeners */
export async function startAttacked(config: Readonly<Record<string, unknown>> = {}): Promise<Attacked> {
  const directory = mkdtempSync(join(tmpdir(), 'abuse-tls-'));
  certify(directory, 'server');
  const [key, cert] = [join(directory, 'server.key'), join(directory, 'server.pem')];
  const ca = readFileSync(cert);
  const ports = { plain: await freePort(), TLS: await freePort() };
  const server = await TestServer.start({
    config: {
      listeners: [
        { type: 'tcp', address: `127.0.0.1:${ports.plain}` },
        { type: 'tcp', address: `127.0.0.1:${ports.TLS}`, tls: { cert_file: cert, key_file: key } },
      ],
      ...config,
    },
  });
  return {
    server,
    ports,
    open: (transport) =>
      new Promise((resolve, reject) => {
        const at = { port: ports[transport], host: '127.0.0.1' };
        const socket: Socket =
          transport === 'plain'
            ? connectTcp({ ...at, noDelay: true }, () => resolve(socket))
            : connectTls({ ...at, ca, servername: 'localhost', checkServerIdentity: () => undefined }, () => resolve(socket));
        socket.once('error', reject);
      }),
    ask: async (request) => {
      const connection = new Connection(ports.plain);
      const answer = await connection.send({ token: server.rootToken, ...request });
      connection.close();
      return answer;
    },
    destroy: async () => {
      await server.destroy();
      rmSync(directory, { recursive: true });
    },
  };
}

/** Everything that comes back until the server ends the connection. */
export function untilEnd(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
    socket.on('end', () => socket.destroy());
  });
}

/** The statuses of the answers in a text. */
export function statusesIn(text: string): readonly number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}
