/** Rekeying over HTTP: bounds, nonces, progress, verification, holders' keys, backup, races. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { holderKeys, openSealedShare } from '../../core/crypto/sealed-share.ts';
import type { RawAnswer } from '../harness/client.ts';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { callTo, startWireServer, tokenWith } from './wire-server.ts';

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

const call = callTo(() => server);

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

test('a rekey that cannot be is refused, naming the field, and none begins', async () => {
  const key = Buffer.from(holderKeys().publicKey).toString('base64');
  const refusals: readonly (readonly [object, string])[] = [
    [{}, 'secret_shares'],
    [{ secret_shares: 0, secret_threshold: 0 }, 'secret_shares'],
    [{ secret_shares: 17, secret_threshold: 3 }, 'secret_shares'],
    [{ secret_shares: 3, secret_threshold: 5 }, 'secret_threshold'],
    [{ secret_shares: 3, secret_threshold: 1 }, 'secret_threshold'],
    [{ secret_shares: 1, secret_threshold: 1, pgp_keys: ['x'] }, 'pgp_keys: PGP is not supported'],
    [{ secret_shares: 1, secret_threshold: 1, backup: true }, 'backup'],
    [{ secret_shares: 2, secret_threshold: 2, share_public_keys: [key] }, 'share_public_keys'],
    [{ secret_shares: 2, secret_threshold: 2, share_public_keys: [key, key] }, 'share_public_keys'],
    [{ secret_shares: 1, secret_threshold: 1, share_public_keys: ['AAAA'] }, 'share_public_keys'],
    [{ secret_shares: 1, secret_threshold: 1, share_public_keys: [Buffer.alloc(32).toString('base64')] }, 'share_public_keys'],
  ];
  for (const [body, named] of refusals) {
    const { status, json } = await call('PUT', 'sys/rekey/init', body);
    expect([body, status, json.errors[0]]).toEqual([body, 400, expect.stringContaining(named)]);
  }
  expect((await call('GET', 'sys/rekey/init')).json.started).toBe(false);
  const nonce = await start({ secret_shares: 1, secret_threshold: 1 });
  expect((await call('POST', 'sys/rekey/init', { secret_shares: 1, secret_threshold: 1 })).json.errors).toEqual([
    'rekey already in progress',
  ]);
  expect((await call('GET', 'sys/rekey/init')).json.nonce).toBe(nonce);
  expect(await call('DELETE', 'sys/rekey/init')).toMatchObject({ status: 204, text: '' });
  expect((await call('GET', 'sys/rekey/init')).json.started).toBe(false);
});

test('wrong nonces and shares are refused alike, and say nothing of the right ones', async () => {
  expect((await give('any', shares.slice(0, 1))).json.errors).toEqual(['no barrier rekey in progress']);
  const nonce = await start({ secret_shares: 3, secret_threshold: 2 });
  for (const wrong of [nonce.replace(/^./, '~'), nonce.slice(1), `${nonce}0`, '00000000-0000-0000-0000-000000000000']) {
    const { status, text } = await give(wrong, shares.slice(0, 1));
    expect([status, text]).toEqual([400, expect.stringContaining('incorrect nonce supplied')]);
    expect(text).not.toContain(nonce);
  }
  for (const body of [{}, { key: shares[0] }, { nonce }, { key: '', nonce }, { key: 'zz', nonce }, { key: `${shares[0]}00`, nonce }])
    expect((await call('PUT', 'sys/rekey/update', body)).status).toBe(400);
  expect((await give(nonce, shares.slice(0, 1))).json.progress).toBe(1);
  expect((await give(nonce, shares.slice(0, 1))).json.errors).toEqual([expect.stringContaining('already been provided')]);
  expect((await call('GET', 'sys/rekey/init')).json.progress).toBe(1);
  const wrong = `${'ab'.repeat(32)}77`;
  const { status, text } = await give(nonce, [wrong]);
  expect([status, text.includes(wrong)]).toEqual([400, false]);
  expect((await call('GET', 'sys/rekey/init')).json).toMatchObject({ started: true, progress: 0 });
});

test('with verification the new shares are in force only when their holders have given them', async () => {
  const nonce = await start({ secret_shares: 3, secret_threshold: 2, require_verification: true });
  expect((await call('GET', 'sys/rekey/verify')).status).toBe(400);
  const made = (await give(nonce, shares.slice(0, 2))).json;
  expect(made).toMatchObject({ complete: true, verification_required: true, verification_nonce: expect.any(String) });
  expect((await give(nonce, shares.slice(0, 1))).json.errors).toEqual(['rekey operation already finished; verification must be performed']);
  const first = made.verification_nonce as string;
  expect((await call('GET', 'sys/rekey/verify')).json).toEqual({ nonce: first, started: true, t: 2, n: 3, progress: 0 });
  expect((await give(nonce, made.keys.slice(0, 1), 'sys/rekey/verify')).json.errors).toEqual(['incorrect nonce supplied']);
  expect((await give(first, made.keys.slice(0, 1), 'sys/rekey/verify')).json).toMatchObject({ progress: 1 });
  expect((await give(first, made.keys.slice(0, 1), 'sys/rekey/verify')).status).toBe(400);
  const restarted = await call('DELETE', 'sys/rekey/verify');
  expect(restarted).toMatchObject({ status: 200, json: { started: true, progress: 0, t: 2, n: 3 } });
  const second = restarted.json.nonce as string;
  expect(second).not.toBe(first);
  expect((await give(first, made.keys.slice(0, 1), 'sys/rekey/verify')).status).toBe(400);
  // The old shares are of no use here, and still the ones in force.
  expect((await give(second, shares.slice(0, 2), 'sys/rekey/verify')).status).toBe(400);
  expect((await call('GET', 'sys/rekey/verify')).json.progress).toBe(0);
  await give(second, made.keys.slice(1, 2), 'sys/rekey/verify');
  const done = await call('PUT', 'sys/rekey/verify', { key: made.keys_base64[2], nonce: second });
  expect(done).toMatchObject({ status: 200, json: { nonce: second, complete: true } });
  expect((await call('DELETE', 'sys/rekey/verify')).status).toBe(400);
  expect(await unsealsWith(shares.slice(0, 2))).toBe(false);
  expect(await unsealsWith(made.keys.slice(0, 2))).toBe(true);
  shares = made.keys;
});

test('a rekey that waits for its verification is forgotten at sealing, and the old shares stay', async () => {
  const nonce = await start({ secret_shares: 3, secret_threshold: 2, require_verification: true });
  const made = (await give(nonce, shares.slice(0, 2))).json;
  expect(await unsealsWith(made.keys.slice(0, 2))).toBe(false);
  expect(await unsealsWith(shares.slice(1))).toBe(true);
  expect((await call('GET', 'sys/rekey/init')).json).toEqual(idle);
});

test('shares sealed to their holders open with their keys alone, and can be kept', async () => {
  expect((await call('GET', 'sys/rekey/backup')).json.errors).toEqual(['no backed-up keys found']);
  const holders = [holderKeys(), holderKeys(), holderKeys()];
  const share_public_keys = holders.map(({ publicKey }) => Buffer.from(publicKey).toString('base64'));
  const nonce = await start({ secret_shares: 3, secret_threshold: 2, share_public_keys, backup: true });
  expect((await call('GET', 'sys/rekey/init')).json).toMatchObject({
    backup: true,
    share_fingerprints: [expect.stringMatching(/^[0-9a-f]{40}$/), expect.any(String), expect.any(String)],
  });
  const made = (await give(nonce, shares.slice(0, 2))).json;
  const opened = holders.map(({ secretKey }, index) => openSealedShare(Buffer.from(made.keys[index], 'hex'), secretKey)?.toString('hex'));
  expect(opened.every((share) => share?.length === 66)).toBe(true);
  expect(openSealedShare(Buffer.from(made.keys[0], 'hex'), holders[1]!.secretKey)).toBeUndefined();
  const kept = await call('GET', 'sys/rekey/backup');
  const [first] = made.share_fingerprints as string[];
  expect(kept.json.data).toMatchObject({ nonce, keys: { [first!]: [made.keys[0]] }, keys_base64: { [first!]: [made.keys_base64[0]] } });
  expect(kept.json.keys).toEqual(kept.json.data.keys);
  expect(await unsealsWith(opened.slice(1) as string[])).toBe(true);
  expect((await call('GET', 'sys/rotate/root/backup')).json.data).toEqual(kept.json.data);
  expect(await call('DELETE', 'sys/rekey/backup')).toMatchObject({ status: 204 });
  expect((await call('GET', 'sys/rekey/backup')).status).toBe(400);
  shares = opened as string[];
});

test('new shares that were asked for wrapped are in force once the wrapping token is answered', async () => {
  const nonce = await start({ secret_shares: 3, secret_threshold: 2 });
  await give(nonce, shares.slice(0, 1));
  const request = { method: 'PUT', path: 'sys/rekey/update', body: { key: shares[1], nonce }, headers: { 'X-Vault-Wrap-TTL': '60' } };
  const wrapped = await server.send(request);
  const unwrapped = await call('PUT', 'sys/wrapping/unwrap', undefined, wrapped.json.wrap_info.token as string);
  expect(unwrapped.json).toMatchObject({ nonce, complete: true });
  expect(await unsealsWith(shares.slice(0, 2))).toBe(false);
  shares = unwrapped.json.keys;
  expect(await unsealsWith(shares.slice(0, 2))).toBe(true);
});

test('newer clients find the same below sys/rotate/root, in envelopes', async () => {
  const path = (part: string): string => `sys/rotate/root/${part}`;
  const holder = Buffer.from(holderKeys().publicKey).toString('base64');
  expect((await call('GET', path('init'))).json.data).toEqual(idle);
  await expect
    .poll(async () => (await call('POST', path('init'), { secret_shares: 1, secret_threshold: 1 })).status, { timeout: 60_000 })
    .toBe(200);
  expect(await call('DELETE', path('init'))).toMatchObject({ status: 204 });
  const wish = { secret_shares: 3, secret_threshold: 2, require_verification: true };
  const { nonce } = (await call('PUT', path('init'), wish)).json.data;
  expect((await call('GET', 'sys/rekey/init')).json.nonce).toBe(nonce);
  expect((await give(nonce as string, shares.slice(0, 1), path('update'))).json.data).toMatchObject({ nonce, progress: 1 });
  const made = (await give(nonce as string, shares.slice(1, 2), path('update'))).json.data;
  expect((await call('GET', path('verify'))).json.data).toMatchObject({ nonce: made.verification_nonce, progress: 0 });
  const again = (await call('DELETE', path('verify'))).json.data.nonce as string;
  expect((await give(again, made.keys.slice(0, 2), path('verify'))).json.data).toEqual({ nonce: again, complete: true });
  expect(await unsealsWith(shares.slice(0, 2))).toBe(false);
  expect(await unsealsWith(made.keys.slice(0, 2))).toBe(true);
  shares = made.keys;
  await expect
    .poll(
      async () =>
        (await call('PUT', path('init'), { secret_shares: 1, secret_threshold: 1, share_public_keys: [holder], backup: true })).status,
      { timeout: 60_000 },
    )
    .toBe(200);
  await call('DELETE', path('init'));
  expect((await call('GET', path('backup'))).status).toBe(400);
  expect(await call('DELETE', path('backup'))).toMatchObject({ status: 204 });
  // Without verification, too, the answer in an envelope puts the new shares in force.
  const last = (await call('PUT', path('init'), { secret_shares: 3, secret_threshold: 2 })).json.data.nonce as string;
  const after = (await give(last, shares.slice(0, 2), path('update'))).json.data;
  expect(await unsealsWith(shares.slice(0, 2))).toBe(false);
  expect(await unsealsWith(after.keys.slice(0, 2))).toBe(true);
  shares = after.keys;
  for (const [method, part] of [
    ['GET', 'init'],
    ['PUT', 'init'],
    ['DELETE', 'init'],
    ['PUT', 'update'],
    ['GET', 'verify'],
    ['PUT', 'verify'],
    ['DELETE', 'verify'],
    ['GET', 'backup'],
    ['DELETE', 'backup'],
  ] as const)
    expect((await call(method, path(part), method === 'PUT' ? {} : undefined, 'hvs.unknown')).status).toBe(403);
});

test('of two hundred parallel updates with the last share exactly one completes', async () => {
  const nonce = await start({ secret_shares: 3, secret_threshold: 2 });
  await give(nonce, shares.slice(0, 1));
  const connections = Array.from({ length: 200 }, () => server.connect());
  const answers = await Promise.all(
    connections.map((connection) =>
      connection.send({ method: 'PUT', path: 'sys/rekey/update', token: server.rootToken, body: { key: shares[1], nonce } }),
    ),
  );
  for (const connection of connections) connection.close();
  const won = answers.filter(({ status }) => status === 200);
  expect(won.map(({ json }) => json.complete)).toEqual([true]);
  expect(new Set(answers.filter(({ status }) => status !== 200).map(({ status, json }) => `${status} ${String(json.errors)}`))).toEqual(
    new Set(['400 no barrier rekey in progress']),
  );
  expect(await unsealsWith(shares.slice(0, 2))).toBe(false);
  shares = won[0]!.json.keys;
  expect(await unsealsWith(shares.slice(0, 2))).toBe(true);
  expect((await call('GET', 'secret/data/x')).json.data.data).toEqual({ a: 1 });
});

test('needs sudo on its path unless the config opens it to the holders of shares', async () => {
  const without = await tokenWith(server, 'rekey-update', 'path "sys/rekey/*" { capabilities = ["create", "read", "update", "delete"] }');
  for (const [method, path] of [
    ['GET', 'sys/rekey/init'],
    ['PUT', 'sys/rekey/init'],
    ['DELETE', 'sys/rekey/init'],
    ['PUT', 'sys/rekey/update'],
    ['GET', 'sys/rekey/verify'],
    ['PUT', 'sys/rekey/verify'],
    ['DELETE', 'sys/rekey/verify'],
    ['GET', 'sys/rekey/backup'],
    ['DELETE', 'sys/rekey/backup'],
    ['GET', 'sys/rekey/recovery-key-backup'],
    ['DELETE', 'sys/rekey/recovery-key-backup'],
  ] as const)
    for (const token of [without, undefined])
      expect([method, path, (await server.send({ method, path, token, ...(method === 'PUT' ? { body: {} } : {}) })).status]).toEqual([
        method,
        path,
        403,
      ]);
  expect((await server.send({ method: 'PUT', path: 'sys/rekey/restore', body: {} })).status).toBe(404);

  const open = await initialized({ unauthenticated: { rekey: true } });
  const anonymous = (method: string, path: string, body?: unknown): Promise<RawAnswer> =>
    open.server.send({ method, path, token: undefined, ...(body === undefined ? {} : { body }) });
  const { nonce } = (await anonymous('PUT', 'sys/rekey/init', { secret_shares: 1, secret_threshold: 1 })).json;
  await anonymous('PUT', 'sys/rekey/update', { key: open.keys[0], nonce });
  const made = await anonymous('PUT', 'sys/rekey/update', { key: open.keys[1], nonce });
  expect(made.json).toMatchObject({ complete: true, keys: [expect.stringMatching(/^[0-9a-f]{64}$/)] });
  expect((await anonymous('GET', 'sys/rekey/backup')).status).toBe(403);
  expect((await anonymous('GET', 'sys/generate-root/attempt')).status).toBe(403);
  await open.server.destroy();
});

test('recovery keys, and shares of a server that unseals by itself, are refused in words', async () => {
  for (const path of ['sys/rekey-recovery-key/init', 'sys/rekey/recovery-key-backup', 'sys/rotate/recovery/init'])
    for (const method of ['GET', 'PUT', 'DELETE'])
      expect((await call(method, path)).json.errors).toEqual([expect.stringContaining('recovery keys are not supported')]);
  const own = await startWireServer();
  for (const [method, path, body] of [
    ['GET', 'sys/rekey/init', undefined],
    ['PUT', 'sys/rekey/init', { secret_shares: 1, secret_threshold: 1 }],
    ['DELETE', 'sys/rekey/init', undefined],
    ['GET', 'sys/rekey/backup', undefined],
    ['PUT', 'sys/generate-root/attempt', {}],
  ] as const) {
    const { status, json } = await own.send({ method, path, ...(body === undefined ? {} : { body }) });
    expect([path, status, json.errors[0]]).toEqual([path, 400, expect.stringContaining('unseals by itself')]);
  }
  await own.destroy();
});

test('no share is in the audit or in the log', async () => {
  const text = JSON.stringify(server.auditLines()) + server.output;
  for (const share of shares) {
    expect(text).not.toContain(share);
    expect(text).not.toContain(Buffer.from(share, 'hex').toString('base64'));
  }
  expect(text).toContain('sys/rekey/update');
});
