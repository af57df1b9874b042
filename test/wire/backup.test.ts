/** Backup and restore over HTTP: while writing, refusals, force, races, shares of the backup's time. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyAuditFiles } from '../../core/audit/verify.ts';
import { restoreBackup, takeBackup } from '../harness/backup-client.ts';
import type { RawAnswer } from '../harness/client.ts';
import type { TestServer } from '../harness/server.ts';
import { noteAnswer, reportCoverage } from './coverage.ts';
import { expectStatus, startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.destroy());

interface To {
  readonly of?: TestServer;
  readonly token?: string | undefined;
}

function tokenOf(to: To): string | undefined {
  return 'token' in to ? to.token : (to.of ?? server).rootToken;
}

async function backup(to: To = {}): Promise<Buffer> {
  const { of = server } = to;
  const token = tokenOf(to);
  const { status, bytes } = await takeBackup({ port: of.port, token, onAnswer: noteAnswer });
  expect(status).toBe(200);
  return bytes;
}

function restore(bytes: Uint8Array, force = false, to: To = {}): Promise<RawAnswer> {
  return restoreBackup({ port: (to.of ?? server).port, token: tokenOf(to), onAnswer: noteAnswer }, bytes, { force });
}

function put(path: string, value: unknown, of = server): Promise<RawAnswer> {
  return expectStatus(of, { method: 'POST', path: `secret/data/${path}`, body: { data: { value } } }, 200);
}

async function get(path: string, of = server, token = of.rootToken): Promise<unknown> {
  const { status, json } = await of.send({ method: 'GET', path: `secret/data/${path}`, token });
  return status === 200 ? json.data.data.value : status;
}

/** Stores in the data directory: one, whatever has been tried. */
function stores(of = server): readonly string[] {
  return readdirSync(join(of.directory, 'data')).filter((name) => name.startsWith('store-'));
}

test('a backup restored by force brings back its moment, and everything goes on', async () => {
  await put('a', 1);
  const bytes = await backup();
  await put('a', 2);
  await put('b', 1);
  const refused = await restore(bytes);
  expect([refused.status, refused.json.errors[0]]).toEqual([400, expect.stringMatching(/audit has seen revision \d+.*snapshot-force/)]);
  expect(await get('a')).toBe(2);
  const forced = await restore(bytes, true);
  expect([forced.status, forced.json.warnings]).toEqual([200, [expect.stringContaining('would be undone')]]);
  expect([await get('a'), await get('b')]).toEqual([1, 404]);
  await put('c', 1);
  await server.kill();
  await server.restart();
  expect([await get('a'), await get('b'), await get('c')]).toEqual([1, 404, 1]);
  expect(stores()).toHaveLength(1);
  expect(await verifyAuditFiles([join(server.directory, 'audit.log')])).toMatchObject({ ok: true });
});

test('a backup taken while everything is written holds one moment of each writer', async () => {
  const writers = 6;
  const stop = new AbortController();
  const write = async (writer: number): Promise<void> => {
    const connection = server.connect();
    for (let round = 1; !stop.signal.aborted; round++)
      for (const half of ['a', 'b'])
        await connection.send({
          method: 'POST',
          path: `secret/data/w${writer}${half}`,
          token: server.rootToken,
          body: { data: { value: round } },
        });
    connection.close();
  };
  const writing = Array.from({ length: writers }, (_, writer) => write(writer));
  for (let writer = 0; writer < writers; writer++) await expect.poll(() => get(`w${writer}b`), { timeout: 60_000 }).not.toBe(404);
  const bytes = await backup();
  stop.abort();
  await Promise.all(writing);
  expect((await restore(bytes, true)).status).toBe(200);
  for (let writer = 0; writer < writers; writer++) {
    const [first, second] = [await get(`w${writer}a`), await get(`w${writer}b`)] as [number, number];
    // The second half follows the first: what is there is a state that was.
    expect([0, 1]).toContain(first - second);
  }
});

test('a backup of this very moment is restored without force; one of before anything else is not', async () => {
  await put('now', 1);
  const bytes = await backup();
  const answer = await restoreBackup({ port: server.port, token: server.rootToken, onAnswer: noteAnswer }, bytes, { method: 'PUT' });
  // The server itself may have written something meanwhile, such as the time.
  if (answer.status !== 204) expect(answer.json.errors[0]).toContain('the audit has seen revision');
  expect(await get('now')).toBe(1);
});

test('what is no backup, or was changed, is refused; nothing of it stays, and everything goes on', async () => {
  await put('kept', 1);
  const bytes = await backup();
  const tar = gunzipSync(bytes);
  const flipped = (at: number): Buffer => {
    const bent = Buffer.from(tar);
    bent[at]! ^= 4;
    return gzipSync(bent, { level: 0 });
  };
  const at = (text: string): number => tar.indexOf(text);
  const bad: readonly (readonly [string, Uint8Array])[] = [
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('{"not":"a backup"}')],
    ['an empty archive', gzipSync(Buffer.alloc(1024))],
    ['cut in the middle', bytes.subarray(0, bytes.length >> 1)],
    ['cut at the end', bytes.subarray(0, -1)],
    ['the archive cut', gzipSync(tar.subarray(0, tar.length >> 1))],
    ['without its end', gzipSync(tar.subarray(0, at('SHA256SUMS')))],
    ['a bit in meta.json', flipped(at('"revision"') + 14)],
    ['a bit in boot.json', flipped(at('"blob"') + 12)],
    ['a bit in the manifest', flipped(at('"lineage"') + 14)],
    ['a bit in the log', flipped(at('SRFRAME1') + 200)],
    ['a bit in a base file', flipped(at('SRBASE01') + 200)],
    ['a bit in the sums', flipped(at('SHA256SUMS') + 520)],
    ['a bit in the seal of the sums', flipped(at('SHA256SUMS.sealed') + 520)],
    ['a bit of the whole file', Buffer.from(bytes).fill(bytes.at(-8)! ^ 1, bytes.length - 8, bytes.length - 7)],
    ['another name', gzipSync(Buffer.from(tar.toString('latin1').replaceAll('store/log-', 'store/LOG-'), 'latin1'))],
  ];
  for (const [what, body] of bad)
    for (const force of [false, true]) {
      const { status, json } = await restore(body, force);
      expect([what, status, json?.errors?.length]).toEqual([what, 400, 1]);
    }
  expect(await get('kept')).toBe(1);
  expect(stores()).toHaveLength(1);
});

test('backups need a right to their path, and a sealed server has none', async () => {
  const reader = await tokenWith(server, 'backup-reader', 'path "sys/storage/raft/snapshot" { capabilities = ["read"] }');
  const bytes = await backup({ token: reader });
  for (const token of [reader, undefined])
    for (const force of [false, true]) expect((await restore(bytes, force, { token })).status).toBe(403);
  expect((await takeBackup({ port: server.port, token: undefined, onAnswer: noteAnswer })).status).toBe(403);
  expect(stores()).toHaveLength(1);
  const memory = await startWireServer({ config: { storage: { type: 'memory' } } });
  expect((await takeBackup({ port: memory.port, token: memory.rootToken })).status).toBe(400);
  expect((await restore(bytes, true, { of: memory })).status).toBe(400);
  await memory.destroy();
});

test('an upload that is cut leaves nothing, and a larger one than any other body is taken', async () => {
  const bytes = await backup();
  async function* cut(): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, 5000);
    throw new Error('gone');
  }
  await restoreBackup({ port: server.port, token: server.rootToken }, cut()).catch(() => {});
  await expect.poll(() => stores().length, { timeout: 30_000 }).toBe(1);
  const large = await startWireServer({ config: { limits: { body_bytes: 65_536 } } });
  for (let i = 0; i < 20; i++) await put(`k${i}`, 'x'.repeat(10_000), large);
  const whole = await backup({ of: large });
  expect(whole.length).toBeGreaterThan(200_000);
  expect((await restore(whole, true, { of: large })).status).toBeLessThan(300);
  expect(await get('k19', large)).toBe('x'.repeat(10_000));
  await large.destroy();
});

test('of two hundred restores that are under way at once exactly one wins, and the others are told before they have sent all', async () => {
  await put('race', 'restored');
  const bytes = await backup();
  await put('race', 'written since');
  const refused = Promise.withResolvers<void>();
  async function* heldBack(): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, bytes.length - 1);
    await refused.promise;
    yield bytes.subarray(bytes.length - 1);
  }
  let answered = 0;
  const racing = Array.from({ length: 200 }, async () => {
    const answer = await restoreBackup({ port: server.port, token: server.rootToken }, heldBack(), { force: true });
    if (++answered === 199) refused.resolve();
    return answer;
  });
  const answers = await Promise.all(racing);
  expect(answers.filter(({ status }) => status < 300)).toHaveLength(1);
  expect(new Set(answers.flatMap(({ status, json }) => (status < 300 ? [] : [`${status} ${String(json.errors)}`])))).toEqual(
    new Set(['400 a restore is already in progress']),
  );
  expect(await get('race')).toBe('restored');
  expect(stores()).toHaveLength(1);
});

test('of two hundred that come as they come some win one after another, and the others are told', async () => {
  await put('race', 'kept');
  const bytes = await backup();
  const answers = await Promise.all(Array.from({ length: 200 }, () => restore(bytes, true)));
  const won = answers.filter(({ status }) => status < 300);
  expect(won.length).toBeGreaterThan(0);
  for (const { status, json } of answers.filter((answer) => answer.status >= 300))
    expect([status, String(json.errors)]).toEqual([expect.toBeOneOf([400, 503]), expect.stringMatching(/restore|sealed/)]);
  expect(await get('race')).toBe('kept');
  expect(stores()).toHaveLength(1);
});

interface Shares {
  readonly of: TestServer;
  readonly keys: readonly string[];
}

async function shamir(): Promise<Shares> {
  const of = await startWireServer({ config: { seal: { type: 'shamir' }, initialize: { auto: false } } });
  const { json } = await of.send({ method: 'PUT', path: 'sys/init', token: undefined, body: { secret_shares: 3, secret_threshold: 2 } });
  of.rootToken = json.root_token as string;
  for (const key of json.keys.slice(1)) await of.send({ method: 'PUT', path: 'sys/unseal', body: { key } });
  return { of, keys: json.keys };
}

async function unseal({ of }: Shares, keys: readonly string[]): Promise<boolean> {
  let sealed = true;
  for (const key of keys.slice(1)) sealed = (await of.send({ method: 'PUT', path: 'sys/unseal', body: { key } })).json.sealed !== false;
  return !sealed;
}

test('a backup of another cluster needs force, and its own shares and tokens afterwards', async () => {
  const [from, to] = await Promise.all([shamir(), shamir()]);
  await put('theirs', 1, from.of);
  const bytes = await backup({ of: from.of });
  const refused = await restore(bytes, false, { of: to.of });
  expect([refused.status, refused.json.errors[0]]).toEqual([400, expect.stringContaining('another cluster')]);
  const own = to.of.rootToken;
  const answer = await restore(bytes, true, { of: to.of });
  expect([answer.status, answer.json.warnings]).toEqual([200, ['the backup is of another cluster']]);
  await expect.poll(() => to.of.output, { timeout: 60_000 }).toContain('a backup was restored by force');
  expect((await to.of.send({ method: 'GET', path: 'sys/seal-status' })).json.sealed).toBe(true);
  expect(await unseal(to, to.keys)).toBe(false);
  await to.of.send({ method: 'PUT', path: 'sys/unseal', body: { reset: true } });
  expect(await unseal(to, from.keys)).toBe(true);
  expect(await get('theirs', to.of, from.of.rootToken)).toBe(1);
  expect(await get('theirs', to.of, own)).toBe(403);
  // A seal that this server does not have opens it never: not even force helps.
  const automatic = await restore(bytes, true);
  expect([automatic.status, automatic.json.errors[0]]).toEqual([400, expect.stringContaining('none of the configured seals')]);
  const shareless = await restore(await backup(), true, { of: from.of });
  expect([shareless.status, shareless.json.errors[0]]).toEqual([400, expect.stringContaining('has no shares')]);
  await Promise.all([from.of.destroy(), to.of.destroy()]);
});

test('a backup from before a rekey needs force, and opens with the shares of its time', async () => {
  const one = await shamir();
  const { of, keys } = one;
  await put('x', 1, of);
  const bytes = await backup({ of });
  const { nonce } = (await of.send({ method: 'PUT', path: 'sys/rekey/init', body: { secret_shares: 3, secret_threshold: 2 } })).json;
  await of.send({ method: 'PUT', path: 'sys/rekey/update', body: { key: keys[0], nonce } });
  const made = (await of.send({ method: 'PUT', path: 'sys/rekey/update', body: { key: keys[1], nonce } })).json;
  expect((await restore(bytes, false, { of })).json.errors[0]).toContain('another root key');
  expect((await restore(bytes, true, { of })).status).toBe(200);
  expect(await unseal(one, made.keys as string[])).toBe(false);
  await of.send({ method: 'PUT', path: 'sys/unseal', body: { reset: true } });
  expect(await unseal(one, keys)).toBe(true);
  expect(await get('x', of)).toBe(1);
  await of.destroy();
});
