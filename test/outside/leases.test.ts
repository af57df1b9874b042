/** Leases over the API: looked up, renewed and revoked, here and at the host.service. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type KeyHost, startKeyHost } from './key-host.ts';

let host: KeyHost;
let id = '';
let name = '';

beforeEach(async () => {
  host = await startKeyHost({ roles: { app: '10m' }, maxLeaseTtl: 3600 });
  const { json } = await host.send('GET', 'keys/creds/app');
  id = json.lease_id;
  name = json.data.name;
});
afterEach(() => host.stop());

test('comes wrapped with its credential, and lives on when that is unwrapped', async () => {
  const { json } = await host.send('GET', 'keys/creds/app', undefined, host.rootToken, { 'x-vault-wrap-ttl': '60' });
  expect(json).toMatchObject({ data: null, lease_id: '', wrap_info: { creation_path: 'keys/creds/app', ttl: 60 } });
  const opened = await host.send('POST', 'sys/wrapping/unwrap', { token: json.wrap_info.token as string });
  expect(opened.json).toMatchObject({ lease_duration: 600, renewable: true, data: { name: expect.any(String) } });
  expect((await host.send('PUT', 'sys/leases/lookup', { lease_id: opened.json.lease_id as string })).status).toBe(200);
  expect(host.service.keys.has(opened.json.data.name as string)).toBe(true);
});

test('is looked up, by its id and below its path', async () => {
  await host.later(100);
  const { status, json } = await host.send('PUT', 'sys/leases/lookup', { lease_id: id });
  expect([status, json.data]).toEqual([
    200,
    {
      id,
      issue_time: '2026-11-21T00:00:00.000000000Z',
      expire_time: '2026-11-21T00:10:00.000000000Z',
      last_renewal: null,
      renewable: true,
      ttl: 500,
    },
  ]);
  expect((await host.send('LIST', 'sys/leases/lookup/keys/creds/app')).json.data.keys).toEqual([id.slice('keys/creds/app/'.length)]);
  expect((await host.send('LIST', 'sys/leases/lookup/keys')).json.data.keys).toEqual(['creds/']);
  expect((await host.send('LIST', 'sys/leases/lookup/other')).status).toBe(404);
});

describe('renewing', () => {
  test.each([
    ['sys/leases/renew', true],
    ['sys/renew', true],
    ['sys/leases/renew/ID', false],
    ['sys/renew/ID', false],
  ])('by %s makes it last longer, at the service too', async (path, inBody) => {
    await host.later(300);
    const { status, json } = await host.send('PUT', path.replace('ID', id), inBody ? { lease_id: id } : {});
    expect([status, json.lease_id, json.lease_duration, json.renewable, json.data]).toEqual([200, id, 600, true, null]);
    expect(host.service.extended).toEqual([[name, 600]]);
    await host.later(599);
    expect(host.service.keys.size).toBe(1);
    await host.later(1);
    expect(host.service.keys.size).toBe(0);
  });

  test('takes an increment, but not beyond what the mount allows', async () => {
    expect((await host.send('PUT', 'sys/leases/renew', { lease_id: id, increment: '20m' })).json.lease_duration).toBe(1200);
    await host.later(1000);
    expect((await host.send('PUT', 'sys/leases/renew', { lease_id: id, increment: 100_000 })).json.lease_duration).toBe(2600);
    expect((await host.send('PUT', 'sys/leases/lookup', { lease_id: id })).json.data.last_renewal).toBe('2026-11-21T00:16:40.000000000Z');
    expect(host.service.extended).toEqual([
      [name, 1200],
      [name, 2600],
    ]);
  });

  test('changes nothing when the service refuses', async () => {
    host.service.patches = 'fails-before';
    expect((await host.send('PUT', 'sys/leases/renew', { lease_id: id })).status).toBe(502);
    expect((await host.send('PUT', 'sys/leases/lookup', { lease_id: id })).json.data).toMatchObject({ ttl: 600, last_renewal: null });
  });

  test('reaches outside after its line is in the audit, and once', async () => {
    host.service.patches = 'works';
    const before = host.sink.lines.length;
    await host.send('PUT', 'sys/leases/renew', { lease_id: id });
    expect(host.sink.lines.slice(before).map((line) => (JSON.parse(line) as { type: string }).type)).toEqual(['request', 'response']);
    expect(host.service.asked.filter((line) => line.startsWith('PATCH'))).toHaveLength(1);
  });

  test.each([
    ['an unknown lease', () => ({ lease_id: 'keys/creds/app/none' }), 'field lease_id: lease not found'],
    ['nothing', () => ({}), 'missing required field lease_id'],
    ['with no duration', () => ({ lease_id: id, increment: 'soon' }), 'field increment: must be integer'],
  ])('%s is refused', async (_, body, why) => {
    expect(await host.send('PUT', 'sys/leases/renew', body())).toMatchObject({ status: 400, json: { errors: [why] } });
  });

  test('a lease that is over is refused, even before it is ended', async () => {
    host.pass(600);
    expect((await host.send('PUT', 'sys/leases/renew', { lease_id: id })).status).toBe(400);
    expect(host.service.extended).toEqual([]);
  });

  test('200 renewals and a revocation at once: it is ended, whoever was first', async () => {
    const answers = await Promise.all([
      ...Array.from({ length: 100 }, () => host.send('PUT', 'sys/leases/renew', { lease_id: id })),
      host.send('PUT', 'sys/leases/revoke', { lease_id: id, sync: true }),
      ...Array.from({ length: 100 }, () => host.send('PUT', 'sys/leases/renew', { lease_id: id })),
    ]);
    expect(new Set(answers.map(({ status }) => status)).isSubsetOf(new Set([200, 204, 400, 503]))).toBe(true);
    expect(answers[100]?.status).toBe(204);
    expect(host.service.keys.size).toBe(0);
    expect((await host.send('PUT', 'sys/leases/renew', { lease_id: id })).status).toBe(400);
  });
});

describe('revoking', () => {
  test.each(['sys/leases/revoke', 'sys/revoke'])('by %s ends it, and once more is as good', async (path) => {
    expect((await host.send('PUT', path, { lease_id: id })).status).toBe(204);
    await host.later(0);
    expect(host.service.keys.size).toBe(0);
    expect((await host.send('PUT', `${path}/${id}`)).status).toBe(204);
    expect((await host.send('PUT', 'sys/leases/lookup', { lease_id: id })).json).toEqual({ errors: ['invalid lease'] });
    expect((await host.send('PUT', path, {})).status).toBe(400);
  });

  test('waits when it is asked to, and says when it could not', async () => {
    host.service.deletes = 'fails-before';
    const { status, text } = await host.send('PUT', 'sys/leases/revoke', { lease_id: id, sync: true });
    expect([status, text]).toEqual([502, expect.stringContaining('it is tried again')]);
    expect((await host.send('PUT', 'sys/leases/renew', { lease_id: id })).status).toBe(400);
    host.service.deletes = 'works';
    await host.later(1);
    expect(host.service.keys.size).toBe(0);
  });
});
