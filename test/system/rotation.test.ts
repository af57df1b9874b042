/** Rotation, re-wrapping, mounts and sealing on a real directory, in this process. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hostKeyId, logKeyId } from '../../core/barrier/keyring.ts';
import { Server } from '../../core/system/server.ts';
import { openDirectory, type StoreDirectory } from '../../core/system/store-directory.ts';
import { KeptLines, startHost, testOptions, type TestHost } from '../harness/host.ts';

let directory = '';
let held: StoreDirectory | undefined;

function open(): StoreDirectory {
  held = openDirectory({
    directory,
    compactAtBytes: 1_048_576,
    onFatal: (error) => {
      throw error;
    },
  });
  return held;
}

async function rewrapped(host: TestHost): Promise<void> {
  while (host.server.housekeeping?.rewrapState.state === 'running' || host.server.unsealed?.barrier.ring.hasOldKeks === true) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rotation-'));
});
afterEach(async () => {
  held?.release();
  rmSync(directory, { recursive: true });
});

describe('rotation', () => {
  test('keeps everything readable, re-wraps it, and drops the old KEKs; a restart reads it all', async () => {
    const first = open();
    const host = await startHost({ directory: first });
    for (let i = 0; i < 20; i++) await host.send('POST', `secret/data/k${i}`, { data: { value: `v${i}` } });
    for (let round = 0; round < 3; round++) {
      expect((await host.send('PUT', 'sys/rotate')).status).toBe(204);
      for (let i = 0; i < 20; i++) expect((await host.send('GET', `secret/data/k${i}`)).json.data.data).toEqual({ value: `v${i}` });
    }
    await rewrapped(host);
    const ring = host.server.unsealed?.barrier.ring;
    expect(ring?.versions(hostKeyId).map(({ version }) => version)).toEqual([4]);
    expect(ring?.versions(logKeyId)).toHaveLength(4);
    expect((await host.send('GET', 'sys/key-status')).json.data).toMatchObject({ term: 4, rewrap: { state: 'idle' } });
    await host.server.stop();

    const server = new Server(testOptions(host.sink, { directory: open() }));
    await server.start();
    expect(server.unsealed?.barrier.ring.versions(hostKeyId).map(({ version }) => version)).toEqual([4]);
    const tx = await import('../../core/barrier/transaction.ts');
    const names = await new tx.Transaction(server.unsealed!).list(`mount/`);
    expect(names).toHaveLength(1);
    await server.stop();
  });

  test('happens by itself at the age that is configured, and at no age when it is switched off', async () => {
    let now = Date.UTC(2026, 0, 1);
    const host = await startHost({ directory: open(), wallClock: () => now });
    const term = async (): Promise<number> => {
      await host.server.housekeeping?.sweep();
      return (await host.send('GET', 'sys/key-status')).json.data.term as number;
    };
    await host.send('PUT', 'sys/rotate/config', { interval: '24h' });
    now += 23 * 3_600_000;
    expect(await term()).toBe(1);
    now += 3_600_000;
    expect(await term()).toBe(2);
    expect(await term()).toBe(2);
    await host.send('PUT', 'sys/rotate/config', { enabled: false });
    now += 48 * 3_600_000;
    expect(await term()).toBe(2);
    await rewrapped(host);
    await host.server.stop();
  });

  test('happens by itself after the seals that are allowed', async () => {
    const host = await startHost({ directory: open() });
    // The least that can be configured is a million, which takes too long here.
    host.server.unsealed?.barrier.limitSeals(50);
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 30; i++) await host.send('POST', `secret/data/k${i}`, { data: { i } });
      await host.server.housekeeping?.sweep();
    }
    expect((await host.send('GET', 'sys/key-status')).json.data.term).toBeGreaterThan(1);
    expect((await host.send('GET', 'secret/data/k3')).json.data.data).toEqual({ i: 3 });
    await rewrapped(host);
    await host.server.stop();
  });

  test('rotations and mounts at once each happen whole', async () => {
    const host = await startHost({ directory: open() });
    const changes = Array.from({ length: 12 }, (_, i) =>
      i % 3 === 0 ? host.send('PUT', 'sys/rotate') : host.send('PUT', `sys/mounts/m${i}`, { type: 'kv', options: { version: '2' } }),
    );
    const statuses = (await Promise.all(changes)).map(({ status }) => status);
    // A loser of too many races is told to try again, and has done nothing.
    expect(statuses.every((status) => status === 204 || status === 503)).toBe(true);
    const mounts = Object.keys((await host.send('GET', 'sys/mounts')).json.data).filter((path) => path.startsWith('m'));
    expect(mounts).toHaveLength(statuses.filter((status, i) => i % 3 !== 0 && status === 204).length);
    for (const path of mounts) {
      expect((await host.send('POST', `${path}data/x`, { data: { a: 1 } })).status).toBe(200);
      expect((await host.send('GET', `${path}data/x`)).json.data.data).toEqual({ a: 1 });
    }
    await host.server.stop();
  });
});

describe('an unmounted engine', () => {
  test('loses its KEK at once and its entries soon; its path is free for a new one that sees nothing of it', async () => {
    const host = await startHost({ directory: open() });
    await host.send('PUT', 'sys/mounts/tmp', { type: 'kv', options: { version: '2' } });
    const { uuid } = (await host.send('GET', 'sys/mounts/tmp')).json.data;
    for (let i = 0; i < 5; i++) await host.send('POST', `tmp/data/a/${i}`, { data: { i } });
    expect((await host.send('DELETE', 'sys/mounts/tmp')).status).toBe(204);
    expect(host.server.unsealed?.barrier.ring.versions(uuid)).toEqual([]);
    expect((await host.send('GET', 'tmp/data/a/1')).status).toBe(404);
    await host.server.housekeeping?.sweep();
    expect(await host.server.unsealed?.storage.list(`mount/${uuid}/`, '', 10)).toEqual({ names: [] });
    await host.send('PUT', 'sys/mounts/tmp', { type: 'kv', options: { version: '2' } });
    expect((await host.send('GET', 'tmp/data/a/1')).status).toBe(404);
    await host.server.stop();
  });
});

describe("Shamir's seal", () => {
  async function shamir(): Promise<{ server: Server; keys: string[]; rootToken: string }> {
    const server = new Server(testOptions(new KeptLines(), { directory: open(), seals: [] }));
    const made = await server.initialize({ shares: 5, threshold: 3 });
    return { server, keys: made.shares.map((share) => share.toString('hex')), rootToken: made.rootToken };
  }

  test('opens with any three shares, and the same share twice counts once', async () => {
    const { server, keys } = await shamir();
    await server.unsealWith(keys[4]!);
    await server.unsealWith(keys[4]!);
    await server.unsealWith(keys[0]!);
    expect([server.progress.count, server.unsealed]).toEqual([2, undefined]);
    await server.unsealWith(keys[2]!);
    expect(server.unsealed).toBeDefined();
    await server.seal();
    expect(server.unsealed).toBeUndefined();
    await server.stop();
  });

  test('a wrong share spoils the attempt without saying which it was, and the right ones still open it', async () => {
    const { server, keys } = await shamir();
    const wrong = Buffer.from(keys[1]!, 'hex');
    wrong[0]! ^= 1;
    await server.unsealWith(keys[0]!);
    await server.unsealWith(wrong.toString('hex'));
    await expect(server.unsealWith(keys[2]!)).rejects.toThrow('at least one is wrong');
    expect(server.progress.count).toBe(0);
    for (const key of keys.slice(0, 3)) await server.unsealWith(key);
    expect(server.unsealed).toBeDefined();
    await server.stop();
  });

  test('no share, token or key stands in a file', async () => {
    const { server, keys, rootToken } = await shamir();
    await server.stop();
    const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const all = Buffer.concat(files.map((entry) => readFileSync(join(entry.parentPath, entry.name)))).toString('latin1');
    for (const secret of [...keys, rootToken, ...keys.map((key) => Buffer.from(key, 'hex').toString('base64'))])
      expect(all.includes(secret)).toBe(false);
  });
});

test('an initialization that nobody has heard of can be repeated after a restart, and one that was answered cannot', async () => {
  const server = new Server(testOptions(new KeptLines(), { directory: open(), seals: [] }));
  const lost = await server.initialize({ shares: 1, threshold: 1 });
  await expect(server.initialize({ shares: 1, threshold: 1 })).rejects.toThrow('already initialized');
  await server.stop();

  const again = new Server(testOptions(new KeptLines(), { directory: open(), seals: [] }));
  expect(again.boot).toBeUndefined();
  const kept = await again.initialize({ shares: 1, threshold: 1 });
  again.confirm();
  await again.stop();

  const last = new Server(testOptions(new KeptLines(), { directory: open(), seals: [] }));
  expect(last.boot).toBeDefined();
  await expect(last.initialize({ shares: 1, threshold: 1 })).rejects.toThrow('already initialized');
  await expect(last.unsealWith(lost.shares[0]!.toString('hex'))).rejects.toThrow('at least one is wrong');
  await last.unsealWith(kept.shares[0]!.toString('hex'));
  expect(last.unsealed).toBeDefined();
  expect(readdirSync(directory).filter((name) => name.startsWith('store-'))).toHaveLength(1);
  await last.stop();
});
