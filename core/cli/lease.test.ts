import { expect, test } from 'vitest';
import { runAgainst, type Script } from './scripted-server.ts';

const lease = '{"lease_id":"db/creds/a/1","renewable":true,"lease_duration":3600,"data":null}';
const script: Script = {
  'PUT /v1/sys/leases/lookup': [200, '{"data":{"id":"db/creds/a/1","ttl":60,"renewable":true}}'],
  'PUT /v1/sys/leases/renew': [200, lease],
  'PUT /v1/sys/leases/revoke': [204, ''],
  'PUT /v1/sys/leases/revoke-prefix/db/creds': [204, ''],
  'PUT /v1/sys/leases/revoke-force/db/creds': [204, ''],
};
const queued = 'All revocation operations queued successfully!\n';

test.each([
  [['lookup', 'db/creds/a/1'], 'lookup', { lease_id: 'db/creds/a/1' }, /\nttl +1m\n/],
  [['renew', 'db/creds/a/1'], 'renew', { lease_id: 'db/creds/a/1' }, /lease_duration +1h\n/],
  [['renew', '-increment=30m', 'db/creds/a/1'], 'renew', { lease_id: 'db/creds/a/1', increment: '30m' }, /lease_id/],
  [['revoke', 'db/creds/a/1'], 'revoke', { lease_id: 'db/creds/a/1', sync: false }, queued],
  [['revoke', '-sync', 'db/creds/a/1'], 'revoke', { lease_id: 'db/creds/a/1', sync: true }, 'Success! Revoked lease: db/creds/a/1\n'],
  [['revoke', '-prefix', 'db/creds/'], 'revoke-prefix/db/creds', { sync: false }, queued],
  [
    ['revoke', '-prefix', '-sync', 'db/creds'],
    'revoke-prefix/db/creds',
    { sync: true },
    'Success! Revoked any leases with prefix: db/creds\n',
  ],
  [['revoke', '-prefix', '-f', 'db/creds'], 'revoke-force/db/creds', {}, 'Success! Force revoked any leases with prefix: db/creds\n'],
])('lease %j asks %s', async (args, path, body, text) => {
  const { code, out, err, asked } = await runAgainst(script, ['lease', ...args]);
  expect([code, asked.map((one) => [one.target, JSON.parse(one.body)])]).toEqual([0, [[`PUT /v1/sys/leases/${path}`, body]]]);
  expect(out).toEqual(typeof text === 'string' ? text : expect.stringMatching(text));
  expect(err.startsWith('WARNING! Force-removing')).toBe(path.startsWith('revoke-force'));
});

test.each([
  [['revoke', '-force', 'x'], 'Specifying -force requires also specifying -prefix\n'],
  [['revoke'], 'Not enough arguments (expected a path)\n'],
  [['renew', 'a', 'b'], 'Too many arguments (expected 1, got 2)\n'],
])('lease %j is a local error', async (args, err) => {
  expect(await runAgainst(script, ['lease', ...args])).toMatchObject({ code: 1, err, asked: [] });
});

const devices =
  '{"data":{"file/":{"type":"file","description":"d","local":false,"options":{"path":"/a","checkpoint_public_key":"-----\\nabc\\n-----\\n"}}}}';

test('audit list, enable and disable', async () => {
  const audit: Script = {
    'GET /v1/sys/audit': [200, devices],
    'PUT /v1/sys/audit/second': [204, ''],
    'DELETE /v1/sys/audit/second': [204, ''],
  };
  expect((await runAgainst(audit, ['audit', 'list'])).out).toBe(
    'Path     Type    Description\n----     ----    -----------\nfile/    file    d\n',
  );
  expect((await runAgainst(audit, ['audit', 'list', '-detailed'])).out.split('\n')[2]).toBe(
    'file/    file    d              replicated     checkpoint_public_key=----- abc ----- path=/a',
  );
  const { out, asked } = await runAgainst(audit, ['audit', 'enable', '-path=second/', '-description=x', 'file', 'file_path=/b=c']);
  expect([out, asked[0]?.body]).toEqual([
    'Success! Enabled the file audit device at: second/\n',
    '{"type":"file","description":"x","options":{"file_path":"/b=c"}}',
  ]);
  expect((await runAgainst(audit, ['audit', 'disable', 'second'])).out).toBe(
    'Success! Disabled audit device (if it was enabled) at: second/\n',
  );
  expect(await runAgainst({ 'GET /v1/sys/audit': [200, '{"data":{}}'] }, ['audit', 'list'])).toMatchObject({
    code: 2,
    out: 'No audit devices are enabled.\n',
  });
  expect(await runAgainst(audit, ['audit', 'enable', 'file_path=/b'])).toMatchObject({ code: 1, asked: [] });
});
