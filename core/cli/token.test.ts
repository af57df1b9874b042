import { expect, test } from 'vitest';
import { runAgainst, type Script } from './scripted-server.ts';

const auth =
  '{"client_token":"hvs.t","accessor":"a","policies":["default","dev"],"metadata":{"team":"red"},"lease_duration":3600,"renewable":true}';
const made = `{"auth":${auth},"warnings":["Policy \\"x\\" does not exist"]}`;
const looked = '{"data":{"id":"hvs.t","ttl":12,"policies":["default"],"meta":null}}';
const script: Script = {
  'PUT /v1/auth/token/create': [200, made],
  'PUT /v1/auth/token/create/night': [200, made],
  'GET /v1/auth/token/lookup-self': [200, looked],
  'PUT /v1/auth/token/lookup': [200, looked],
  'PUT /v1/auth/token/lookup-accessor': [200, looked],
  'PUT /v1/auth/token/renew-self': [200, made],
  'PUT /v1/auth/token/renew': [200, made],
  'PUT /v1/auth/token/renew-accessor': [200, made],
  'PUT /v1/auth/token/revoke-self': [204, ''],
  'PUT /v1/auth/token/revoke': [204, ''],
  'PUT /v1/auth/token/revoke-accessor': [204, ''],
  'PUT /v1/auth/token/revoke-orphan': [400, '{"errors":["token to revoke not found"]}'],
  'PUT /v1/sys/leases/revoke-prefix/auth/token/create/night': [204, ''],
  'PUT /v1/sys/capabilities-self': [200, '{"data":{"secret/x":["update","create"]}}'],
  'PUT /v1/sys/capabilities': [200, '{"data":{"secret/x":["deny"]}}'],
  'PUT /v1/sys/capabilities-accessor': [200, '{"data":{"secret/x":["root"]}}'],
};

const every = {
  id: 'own',
  display_name: 'bot',
  ttl: '1h',
  explicit_max_ttl: '2h',
  period: '3h',
  renewable: false,
  no_parent: true,
  no_default_policy: true,
  num_uses: 4,
  type: 'batch',
  meta: { team: 'red', note: 'a=b' },
  policies: ['dev', 'ops'],
  entity_alias: 'bob',
};

test.each([
  [[], 'create', { renewable: true }],
  [
    [
      '-id=own -display-name=bot -ttl=1h -explicit-max-ttl 2h -period=3h -renewable=false -orphan -no-default-policy -use-limit=4',
      '-type=batch -metadata=team=red -metadata note=a=b -policy=dev -policy=ops -entity-alias=bob',
    ],
    'create',
    every,
  ],
  [['-role=night'], 'create/night', { renewable: true }],
])('token create %j', async (args, path, body) => {
  const { code, asked, err } = await runAgainst(script, ['token', 'create', ...args.flatMap((line) => line.split(' '))]);
  expect([code, asked[0]?.target, JSON.parse(asked[0]?.body ?? '')]).toEqual([0, `PUT /v1/auth/token/${path}`, body]);
  expect(err).toContain('WARNING! The following warnings were returned from the server:\n\n  * Policy "x" does not exist\n');
});

test.each([
  [['renew'], 'renew-self', {}],
  [['renew', '-increment=30m'], 'renew-self', { increment: '30m' }],
  [['renew', 'hvs.other'], 'renew', { token: 'hvs.other' }],
  [['renew', '-'], 'renew', { token: 'from stdin' }],
  [['renew', '-accessor', 'abc'], 'renew-accessor', { accessor: 'abc' }],
  [['lookup', 'hvs.other'], 'lookup', { token: 'hvs.other' }],
  [['lookup', '-accessor', 'abc'], 'lookup-accessor', { accessor: 'abc' }],
  [['revoke', '-self'], 'revoke-self', {}],
  [['revoke', 'hvs.other'], 'revoke', { token: 'hvs.other' }],
  [['revoke', '-accessor', 'abc'], 'revoke-accessor', { accessor: 'abc' }],
])('token %j asks %s', async (args, path, body) => {
  const { code, asked } = await runAgainst(script, ['token', ...args], { stdin: 'from stdin\n' });
  expect([code, asked[0]?.target, JSON.parse(asked[0]?.body ?? '')]).toEqual([0, `PUT /v1/auth/token/${path}`, body]);
});

test('what is made, looked up and asked for is printed as a table, as one field, or as JSON', async () => {
  expect((await runAgainst(script, ['token', 'create'])).out).toContain('token_meta_team      red');
  expect((await runAgainst(script, ['token', 'create', '-field=token'])).out).toBe('hvs.t');
  expect(JSON.parse((await runAgainst(script, ['token', 'renew', '-format=json'])).out)).toMatchObject({ auth: { accessor: 'a' } });
  const { out, asked } = await runAgainst(script, ['token', 'lookup']);
  expect(asked[0]?.target).toBe('GET /v1/auth/token/lookup-self');
  expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual(
    expect.arrayContaining([
      ['policies', '[default]'],
      ['ttl', '12s'],
    ]),
  );
  expect((await runAgainst(script, ['token', 'lookup', '-field=ttl'])).out).toBe('12');
  expect((await runAgainst(script, ['token', 'capabilities', 'secret/x'])).out).toBe('create, update\n');
  expect((await runAgainst(script, ['token', 'capabilities', 'hvs.other', 'secret/x'])).out).toBe('deny\n');
  expect(JSON.parse((await runAgainst(script, ['token', 'capabilities', '-format=json', '-accessor', 'abc', 'secret/x'])).out)).toEqual([
    'root',
  ]);
  expect((await runAgainst(script, ['token', 'revoke', '-mode=path', 'auth/token/create/night/'])).code).toBe(0);
});

test.each([
  [['create', 'x'], 1, 'Too many arguments'],
  [['create', '-metadata=x'], 1, 'invalid value for flag -metadata'],
  [['lookup', 'a', 'b'], 1, 'Too many arguments'],
  [['lookup', '-accessor'], 1, 'Not enough arguments with -accessor'],
  [['revoke'], 1, 'expected 1 or -self, got 0'],
  [['revoke', '-self', 'x'], 1, 'Too many arguments with -self'],
  [['revoke', '-self', '-accessor'], 1, 'Cannot use -self with -accessor!'],
  [['revoke', '-self', '-mode=orphan'], 1, 'Cannot use -self with -mode!'],
  [['revoke', '-accessor', '-mode=orphan', 'x'], 1, 'Cannot use -accessor with -mode=orphan!'],
  [['revoke', '-mode=all', 'x'], 1, 'use orphan or path'],
  [['capabilities'], 1, 'Not enough arguments (expected 1-2, got 0)'],
  [['capabilities', '-accessor', 'x'], 1, 'Not enough arguments (expected 2, got 1)'],
  [['revoke', '-mode=orphan', 'x'], 2, 'token to revoke not found'],
])('token %j ends with %i', async (args, expected, message) => {
  const { code, out, err } = await runAgainst(script, ['token', ...args]);
  expect([code, out, err]).toEqual([expected, '', expect.stringContaining(message)]);
});
