/**
 * Credentials that the host rotates at a real service. Invariants: what readers get works at the service; a step that fails changes nothing for them; in
 * the end the service holds one key a role, and none of a role that is gone.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Transaction } from '../../core/barrier/transaction.ts';
import { readCatalog } from '../../core/runner/catalog.ts';
import { inEachRoom } from '../harness/components.ts';
import { startHost, type TestHost } from '../harness/host.ts';
import { KeyService } from './key-service.ts';

describe.each(inEachRoom('static-keys', 'test/outside/static-keys/index.ts'))('an engine in a %s', (_, entry) => {
  let service: KeyService;
  let host: TestHost;
  let clock = 0;

  beforeEach(async () => {
    service = await KeyService.start();
    clock = Date.UTC(2026, 10, 21);
    host = await startHost({
      catalog: [...readCatalog(), await entry()],
      wallClock: () => clock,
      declared: {
        policies: [],
        mounts: [{ path: 'static/', type: 'static-keys', description: '', options: null, config: {}, hosts: [service.url] }],
      },
    });
    service.keys.set('first', { role: 'app' });
    await host.send('POST', 'static/roles/app', { url: service.url, key: 'first', every: '1h', grace: '10m' });
  });
  afterEach(async () => {
    await host.server.stop();
    await service.close();
  });

  async function later(seconds: number): Promise<void> {
    clock += seconds * 1000;
    host.server.unsealed?.rotations.wake();
    await host.server.unsealed?.rotations.idle();
  }

  /** What a reader gets, which must work. */
  async function current(): Promise<string> {
    const key = (await host.send('GET', 'static/roles/app')).json.data.key as string;
    expect([...service.keys.keys()]).toContain(key);
    return key;
  }

  test('has its key replaced when it is time, in four steps, and the old one ended after its grace', async () => {
    await later(3599);
    expect(await current()).toBe('first');
    await later(1);
    const second = await current();
    expect(second).not.toBe('first');
    expect(service.asked).toEqual([`PUT ${second}`, `GET ${second}`]);
    await later(599);
    expect([...service.keys.keys()].toSorted()).toEqual(['first', second].toSorted());
    await later(1);
    expect([...service.keys.keys()]).toEqual([second]);
    await later(3000);
    expect(await current()).not.toBe(second);
  });

  test.each(['puts', 'gets'] as const)('keeps the old one while %s fail, and goes on with the same new one', async (step) => {
    service[step] = 'fails-before';
    await later(3600);
    expect(await current()).toBe('first');
    const [tried = ''] = service.asked;
    service[step] = 'works';
    await later(1);
    expect(`PUT ${await current()}`).toBe(tried);
    await later(600);
    expect(service.keys.size).toBe(1);
  });

  test('tries to end the old one until that has worked', async () => {
    await later(3600);
    service.deletes = 'fails-before';
    await later(600);
    expect(service.keys.size).toBe(2);
    service.deletes = 'works';
    await later(1);
    expect([...service.keys.keys()]).toEqual([await current()]);
  });

  test('goes on after a seal at any step', async () => {
    for (const step of ['puts', 'gets', 'deletes'] as const) {
      service[step] = 'fails-before';
      await later(3600);
      await later(600);
      await host.server.seal();
      service[step] = 'works';
      await host.server.start();
      await later(3600);
      await later(600);
      expect([...service.keys.keys()]).toEqual([await current()]);
    }
  });

  test('rotates at once when asked, and changes how often', async () => {
    await host.send('POST', 'static/rotate/app');
    await later(0);
    const second = await current();
    expect(second).not.toBe('first');
    await host.send('POST', 'static/roles/app', { url: service.url, key: second, every: '1m' });
    await later(60);
    expect(await current()).not.toBe(second);
  });

  test('may change its own schedule while it creates the next one', async () => {
    service.keys.set('slow', { role: 'slowing' });
    await host.send('POST', 'static/roles/slowing', { url: service.url, key: 'slow', every: '1m' });
    await later(60);
    const { key } = (await host.send('GET', 'static/roles/slowing')).json.data;
    expect([...service.keys.keys()].toSorted()).toEqual(['first', key as string].toSorted());
    await later(3500);
    expect((await host.send('GET', 'static/roles/slowing')).json.data.key).toBe(key);
  });

  test('which stops leaves nothing of a rotation under way, and the key in force', async () => {
    service.gets = 'fails-before';
    await later(3600);
    expect(service.keys.size).toBe(2);
    expect((await host.send('DELETE', 'static/roles/app')).status).toBe(204);
    await later(1);
    expect([...service.keys.keys()]).toEqual(['first']);
    await later(100_000);
    expect([...service.keys.keys()]).toEqual(['first']);
  });

  test('that is unmounted rotates no more', async () => {
    await host.send('DELETE', 'sys/mounts/static');
    expect(await new Transaction(host.server.unsealed!).list('rotation/')).toEqual([]);
    await later(100_000);
    expect([...service.keys.keys()]).toEqual(['first']);
  });

  test.each([
    ['a kind that it does not have', { kind: 'none', every: 60 }],
    ['no time between', { every: 0 }],
  ])('that asks for %s fails, and keeps nothing', async (_what, change) => {
    expect((await host.send('POST', 'static/roles/other', { url: service.url, key: 'x', ...change })).status).toBe(500);
    expect((await host.send('GET', 'static/roles/other')).status).toBe(404);
  });
});
