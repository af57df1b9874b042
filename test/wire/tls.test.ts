/** TLS, client certificates and their reload, Unix sockets, and several listeners at once. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { certify } from '../harness/certificates.ts';
import { Connection } from '../harness/client.ts';
import { freePort, type TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { startWireServer } from './wire-server.ts';

reportCoverage(import.meta.filename);

const directory = mkdtempSync(join(tmpdir(), 'wire-tls-'));
const file = (name: string): string => join(directory, name);
let server: TestServer;
const ports = { plain: 0, modern: 0, old: 0, required: 0, requested: 0 };
beforeAll(async () => {
  for (const name of ['first', 'second', 'client-ca', 'stranger']) certify(directory, name);
  certify(directory, 'client', 'client-ca');
  copyFileSync(file('first.pem'), file('server.pem'));
  copyFileSync(file('first.key'), file('server.key'));
  for (const name of ['plain', 'modern', 'old', 'required', 'requested'] as const) ports[name] = await freePort();
  const tls = { cert_file: file('server.pem'), key_file: file('server.key') };
  const listener = (port: number, more: object): object => ({ type: 'tcp', address: `127.0.0.1:${port}`, tls: { ...tls, ...more } });
  server = await startWireServer({
    config: {
      listeners: [
        { type: 'tcp', address: `127.0.0.1:${ports.plain}` },
        listener(ports.modern, {}),
        listener(ports.old, { min_version: '1.2' }),
        listener(ports.required, { client_auth: 'require', client_ca_file: file('client-ca.pem') }),
        listener(ports.requested, { client_auth: 'request', client_ca_file: file('client-ca.pem') }),
        { type: 'unix', path: file('api.sock'), mode: '0600' },
      ],
    },
  });
});
afterAll(async () => {
  await server.destroy();
  rmSync(directory, { recursive: true });
});

const clientCertificate = (name: string): ConnectionOptions => ({
  cert: readFileSync(file(`${name}.pem`)),
  key: readFileSync(file(`${name}.key`)),
});

/** A handshake that succeeds, checked against the certificate; undefined when it is refused. */
function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket | undefined> {
  return new Promise((resolve) => {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

/** The status of a health check over TLS; undefined when the connection is refused before or after its handshake. */
async function health(port: number, options: ConnectionOptions = {}): Promise<number | undefined> {
  const socket = await handshake(port, options);
  if (socket === undefined) return undefined;
  const connection = new Connection(socket);
  const answer = await connection.send({ method: 'GET', path: 'sys/health' }).catch(() => undefined);
  connection.close();
  return answer?.status;
}

test('TLS is 1.3 and checks out against its certificate; 1.2 is refused unless the config allows it', async () => {
  const ca = readFileSync(file('first.pem'));
  const socket = await handshake(ports.modern, { ca, rejectUnauthorized: true });
  expect(socket?.getProtocol()).toBe('TLSv1.3');
  socket?.destroy();
  expect(await health(ports.modern, { maxVersion: 'TLSv1.2' })).toBeUndefined();
  expect(await health(ports.old, { maxVersion: 'TLSv1.2' })).toBe(200);
  expect(await health(ports.old, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' })).toBeUndefined();
});

test('answers over TLS say that it stays so', async () => {
  const connection = new Connection((await handshake(ports.modern))!);
  const { headers } = await connection.send({ method: 'GET', path: 'sys/health' });
  expect(headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains');
  connection.close();
});

test('a required client certificate must be there and of the right authority', async () => {
  expect(await health(ports.required)).toBeUndefined();
  expect(await health(ports.required, clientCertificate('stranger'))).toBeUndefined();
  expect(await health(ports.required, clientCertificate('client'))).toBe(200);
  expect(await health(ports.requested)).toBe(200);
  expect(await health(ports.requested, clientCertificate('client'))).toBe(200);
});

test('LIST and SCAN are answered over TLS on a connection that is kept alive', async () => {
  const connection = new Connection((await handshake(ports.modern))!);
  const token = server.rootToken;
  expect((await connection.send({ method: 'POST', path: 'secret/data/a/b', token, body: { data: {} } })).status).toBe(200);
  // Often enough that a request comes before the server has noticed that the answer before it is out.
  const others = await Promise.all(Array.from({ length: 5 }, async () => new Connection((await handshake(ports.modern))!)));
  await Promise.all(
    [connection, ...others].map(async (one) => {
      for (let round = 0; round < 100; round++) {
        expect((await one.send({ method: 'LIST', path: 'secret/metadata', token })).json.data.keys).toEqual(['a/']);
        expect((await one.send({ method: 'GET', path: 'secret/data/a/b', token })).status).toBe(200);
        expect((await one.send({ method: 'SCAN', path: 'secret/metadata', token })).json.data.keys).toEqual(['a/b']);
      }
      one.close();
    }),
  );
});

test(
  'a request after the first LIST of a connection is answered, when the LIST came before the server had noticed that its answer before was out',
  { timeout: 30_000 },
  async () => {
    const token = server.rootToken;
    for (let round = 0; round < 20; round++) {
      const connections = await Promise.all(Array.from({ length: 10 }, async () => new Connection((await handshake(ports.modern))!)));
      await Promise.all(
        connections.map(async (one) => {
          for (const method of ['GET', 'LIST', 'GET']) {
            expect((await one.send({ method, path: 'sys/policies/acl', token })).status).toBe(method === 'GET' ? 405 : 200);
          }
          one.close();
        }),
      );
    }
  },
);

test('plain HTTP on a TLS port is not answered, and the server goes on', async () => {
  const connection = new Connection(ports.modern);
  await expect(connection.send({ method: 'GET', path: 'sys/health' })).rejects.toThrow('connection ended');
  expect(await health(ports.modern)).toBe(200);
});

test('a Unix socket answers, with the mode of the config', async () => {
  expect(statSync(file('api.sock')).mode & 0o777).toBe(0o600);
  const connection = new Connection(connectTcp(file('api.sock')));
  expect((await connection.send({ method: 'GET', path: 'sys/health' })).status).toBe(200);
  expect((await connection.send({ method: 'LIST', path: 'sys/policies/acl', token: server.rootToken })).status).toBe(200);
  connection.close();
  const plain = new Connection(ports.plain);
  expect((await plain.send({ method: 'GET', path: 'sys/health' })).status).toBe(200);
  plain.close();
});

test('SIGHUP takes new certificates over without ending connections, and a bad one changes nothing', async () => {
  const kept = new Connection((await handshake(ports.modern))!);
  expect((await kept.send({ method: 'GET', path: 'sys/health' })).status).toBe(200);
  const name = async (): Promise<unknown> => {
    const socket = await handshake(ports.modern);
    const subject = socket?.getPeerCertificate().subject.CN;
    socket?.destroy();
    return subject;
  };
  const reload = async (expected: RegExp): Promise<void> => {
    const from = server.output.length;
    server.signal('SIGHUP');
    while (!expected.test(server.output.slice(from))) await new Promise((resolve) => void setImmediate(resolve));
  };
  expect(await name()).toBe('first');
  copyFileSync(file('second.pem'), file('server.pem'));
  copyFileSync(file('second.key'), file('server.key'));
  await reload(/"msg":"reloaded"/);
  expect(await name()).toBe('second');
  copyFileSync(file('first.key'), file('server.key'));
  await reload(/reloading failed/);
  expect(await name()).toBe('second');
  expect((await kept.send({ method: 'GET', path: 'sys/health' })).status).toBe(200);
  kept.close();
});
