/**
 * An engine that issues keys at a real HTTP service. Invariant: whatever fails in between, the service holds in the end exactly the keys of
 * live leases, and no key was made twice for one request.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCatalog } from '../../core/runner/catalog.ts';
import { roomLimits } from '../../core/runner/thread-room.ts';
import { threadEntry } from '../harness/components.ts';
import { type HostAnswer, KeptLines, startHost, type TestHost } from '../harness/host.ts';
import { KeyService } from './key-service.ts';

const apiKeys = threadEntry('api-keys', new URL('../../examples/api-keys/index.ts', import.meta.url));

class FailingSink extends KeptLines {
  takes = Number.POSITIVE_INFINITY;
  override append(lines: Uint8Array): Promise<void> | void {
    return this.takes-- > 0 ? super.append(lines) : Promise.reject(new Error('no space'));
  }
}

let service: KeyService;
let host: TestHost;
let sink: FailingSink;
let clock = 0;

beforeEach(async () => {
  service = await KeyService.start();
  sink = new FailingSink();
  clock = Date.UTC(2026, 10, 21);
  host = await startHost({
    openSinks: () => Promise.resolve([{ name: 'kept', required: true, sink }]),
    catalog: [...readCatalog(), apiKeys],
    rooms: { ...roomLimits, deadlineMs: 3000, loadMs: 60_000 },
    wallClock: () => clock,
    declared: {
      policies: [],
      mounts: [
        { path: 'secret/', type: 'kv', description: '', options: { version: '2' }, config: {} },
        { path: 'keys/', type: 'api-keys', description: '', options: null, config: { maxLeaseTtl: 7200 }, hosts: [service.url] },
      ],
    },
  });
  await host.send('POST', 'keys/config', { url: service.url, token: 'service-token' });
  await host.send('POST', 'keys/roles/app', { ttl: '10m' });
});
afterEach(async () => {
  await host.server.stop();
  await service.close();
});

function issue(token?: string): Promise<HostAnswer> {
  return host.send('GET', 'keys/creds/app', undefined, token);
}

/** Lets so much time pass, and waits until what is due then has been done. */
async function later(seconds: number): Promise<void> {
  clock += seconds * 1000;
  host.server.unsealed?.leases.wake();
  await host.server.unsealed?.leases.idle();
}

describe('issuing', () => {
  test('answers a lease; the key lives until it ends', async () => {
    const { status, json } = await issue();
    expect(status).toBe(200);
    expect(json).toMatchObject({ lease_duration: 600, renewable: true, data: { secret: `secret-of-${json.data.name}` } });
    expect(json.lease_id).toMatch(/^keys\/creds\/app\/[A-Za-z0-9]{24}$/);
    expect([...service.keys]).toEqual([[json.data.name, { role: 'app' }]]);
    await later(599);
    expect(service.keys.size).toBe(1);
    await later(1);
    expect(service.keys.size).toBe(0);
    await later(10_000);
    expect(service.asked.filter((line) => line.startsWith('DELETE'))).toHaveLength(1);
  });

  test('never lasts longer than the mount allows', async () => {
    await host.send('POST', 'keys/roles/long', { ttl: '100h' });
    expect((await host.send('GET', 'keys/creds/long')).json.lease_duration).toBe(7200);
  });

  test('is recorded before it happens, with the lease in the answer', async () => {
    let before = '';
    service.gate = (moment) => {
      if (moment === 'PUT has come') before = sink.lines.at(-1) ?? '';
      return Promise.resolve();
    };
    const { json } = await issue();
    expect(before).toContain('"operation":"read"');
    expect(before).toContain('"path":"keys/creds/app"');
    const [line = ''] = sink.lines.slice(-1);
    expect(line).toContain(`"secret":{"lease_id":"${json.lease_id}"}`);
    expect(line).not.toContain(json.data.secret);
  });

  test('64 at once make 64 keys, each once, although every finish is a conflict for the others', async () => {
    const answers = await Promise.all(Array.from({ length: 64 }, () => issue()));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(service.asked).toHaveLength(64);
    expect(new Set(answers.map(({ json }) => json.lease_id)).size).toBe(64);
    expect([...service.keys.keys()].toSorted()).toEqual(answers.map(({ json }) => json.data.name as string).toSorted());
  });
});

describe('a key that nobody gets is removed', () => {
  test.each(['fails-after', 'answers-nonsense', 'hangs-after'] as const)('when the service %s', async (behaviour) => {
    service.puts = behaviour;
    const { status, text } = await issue();
    expect([status, text.includes('service-token')]).toEqual([behaviour === 'hangs-after' ? 504 : 502, false]);
    // A worker that missed its deadline is started again first.
    await expect.poll(async () => (await later(1), service.keys.size)).toBe(0);
  });

  test('twice, since what hung may have made it after the first time', async () => {
    service.puts = 'hangs-after';
    await issue();
    await expect.poll(async () => (await later(1), service.keys.size)).toBe(0);
    const [made = ''] = service.asked;
    service.keys.set(made.replace('PUT ', ''), { role: 'late' });
    await later(120);
    expect(service.keys.size).toBe(0);
    await later(10_000);
    expect(service.asked.filter((line) => line.startsWith('DELETE'))).toHaveLength(2);
  });

  test('when its token was revoked meanwhile', async () => {
    const created = await host.send('POST', 'auth/token/create', { policies: ['root'] });
    const token = created.json.auth.client_token as string;
    service.gate = async (moment) => {
      if (moment === 'PUT has come') await host.send('POST', 'auth/token/revoke', { token });
    };
    expect((await issue(token)).status).toBe(403);
    await later(0);
    expect(service.keys.size).toBe(0);
  });

  test('when the answer could not be recorded', async () => {
    service.gate = (moment) => {
      if (moment === 'PUT has come') sink.takes = 0;
      return Promise.resolve();
    };
    expect((await issue()).status).toBe(500);
    sink.takes = Number.POSITIVE_INFINITY;
    await later(0);
    await later(600);
    expect(service.keys.size).toBe(0);
  });

  test('when the service is down then, later', async () => {
    service.puts = 'fails-after';
    service.deletes = 'fails-before';
    await issue();
    await later(0);
    expect(service.keys.size).toBe(1);
    service.deletes = 'works';
    await later(1);
    expect(service.keys.size).toBe(0);
  });

  test('when the server was sealed between', async () => {
    service.puts = 'fails-after';
    service.deletes = 'fails-before';
    await issue();
    await host.server.seal();
    service.deletes = 'works';
    await host.server.start();
    await later(1);
    expect(service.keys.size).toBe(0);
  });
});

describe('reaching outside', () => {
  test('is for the hosts of the mount alone, and no redirect leads elsewhere', async () => {
    await host.send('POST', 'keys/config', { url: 'http://127.0.0.1:1', token: 'service-token' });
    const refused = await issue();
    expect([refused.status, refused.text]).toEqual([502, expect.stringContaining('does not allow http://127.0.0.1:1')]);
    await host.send('POST', 'keys/config', { url: service.url, token: 'service-token' });
    service.puts = 'redirects';
    expect((await issue()).json.errors).toEqual(['the service answered 302']);
    expect(service.asked.filter((line) => line.includes('elsewhere'))).toEqual([]);
  });

  test('is refused to a mount that the API made', async () => {
    await host.send('POST', 'sys/mounts/other', { type: 'api-keys' });
    await host.send('POST', 'other/config', { url: service.url, token: 'service-token' });
    await host.send('POST', 'other/roles/app', {});
    expect((await host.send('GET', 'other/creds/app')).status).toBe(502);
    expect(service.asked).toEqual([]);
  });
});

describe('unmounting', () => {
  test('ends the leases first', async () => {
    await issue();
    await issue();
    expect((await host.send('DELETE', 'sys/mounts/keys')).status).toBe(204);
    expect(service.keys.size).toBe(0);
  });

  test('is refused while one can not be ended, and the mount stays', async () => {
    await issue();
    service.deletes = 'fails-before';
    const { status, text } = await host.send('DELETE', 'sys/mounts/keys');
    expect([status, text]).toEqual([502, expect.stringContaining('1 leases of the mount')]);
    service.deletes = 'works';
    expect((await issue()).status).toBe(200);
    expect((await host.send('DELETE', 'sys/mounts/keys')).status).toBe(204);
    expect(service.keys.size).toBe(0);
  });
});
