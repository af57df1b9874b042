/** Rekeying over HTTP: bounds, nonces, progress, verification, holders' keys, backup, races. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { holderKeys, openSealedShare } from '../../core/crypto/sealed-share.ts';
import type { RawAnswer } from '../harness/client.ts';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

const idle = {
  nonce: '',
  started: false,
  t: 0,
  n: 0,
  progress: 0,
  required: 2,
  pgp_fingerprints: null,
  share_fingerprints: null,
  backup: false,
  verification_required: false,
};

let server: TestServer;
let shares: string[];

function call(method: string, path: string, body?: unknown, token: string | undefined = server.rootToken): Promise<RawAnswer> {
  return server.send({ method, path, token, ...(body === undefined ? {} : { body }) });
}

async function initialized(config: object = {}): Promise<{ server: TestServer; keys: string[] }> {
  const made = await startWireServer({ config: { seal: { type: 'shamir' }, initialize: { auto: false }, ...config } });
  const { json } = await made.send({ method: 'PUT', path: 'sys/init', token: undefined, body: { secret_shares: 3, secret_threshold: 2 } });
  made.rootToken = json.root_token as string;
  const keys = json.keys as string[];
  for (const key of keys.slice(0, 2)) await made.send({ method: 'PUT', path: 'sys/unseal', token: undefined, body: { key } });
  return { server: made, keys };
}

async function start(body: object): Promise<string> {
  // The storage may still be brought under the root key of the rekey before.
  await expect.poll(async () => (await call('PUT', 'sys/rekey/init', body)).status, { timeout: 60_000 }).toBe(200);
  return (await call('GET', 'sys/rekey/init')).json.nonce as string;
}

async function give(nonce: string, keys: readonly string[], path = 'sys/rekey/update'): Promise<RawAnswer> {
  let last: RawAnswer | undefined;
  for (const key of keys) last = await call('POST', path, { key, nonce });
  return last!;
}

async function unsealsWith(keys: readonly string[]): Promise<boolean> {
  await call('PUT', 'sys/seal');
  let sealed = true;
  for (const key of keys) sealed = (await call('PUT', 'sys/unseal', { key })).json.sealed !== false;
  if (sealed) await call('PUT', 'sys/unseal', { reset: true });
  return !sealed;
}

beforeAll(async () => {
  ({ server, keys: shares } = await initialized());
  await call('POST', 'secret/data/x', { data: { a: 1 } });
});
beforeEach(() => call('DELETE', 'sys/rekey/init'));
afterAll(() => server.destroy());

test('a rekey gives new shares, and from the answer on they alone open the server', async () => {
  expect((await call('GET', 'sys/rekey/init')).json).toEqual(idle);
  const nonce = await start({ secret_shares: 5, secret_threshold: 3 });
  expect((await call('GET', 'sys/rekey/init')).json).toEqual({ ...idle, nonce, started: true, t: 3, n: 5 });
  expect((await give(nonce, shares.slice(0, 1))).json).toMatchObject({ nonce, progress: 1, required: 2 });
  const { status, json } = await give(nonce, shares.slice(1, 2));
  expect(status).toBe(200);
  expect(json).toEqual({
    nonce,
    complete: true,
    keys: expect.any(Array),
    keys_base64: json.keys.map((key: string) => Buffer.from(key, 'hex').toString('base64')),
    pgp_fingerprints: null,
    share_fingerprints: null,
    backup: false,
    verification_required: false,
  });
  expect(json.keys).toHaveLength(5);
  expect((await call('GET', 'sys/rekey/init')).json).toEqual({ ...idle, required: 3 });
  expect(await unsealsWith(shares.slice(0, 2))).toBe(false);
  for (const key of json.keys.slice(2)) await call('PUT', 'sys/unseal', { key });
  expect((await call('GET', 'secret/data/x')).json.data.data).toEqual({ a: 1 });
  const back = await start({ secret_shares: 3, secret_threshold: 2 });
  shares = (await give(back, json.keys.slice(0, 3))).json.keys;
  expect(await unsealsWith(shares.slice(1))).toBe(true);
});
