import { expect, test } from 'vitest';
import { runAgainst, type Script } from './scripted-server.ts';

const mount = (type: string, more: string): string =>
  `{"type":"${type}","accessor":"${type}_1","description":"","local":false,"seal_wrap":false,"external_entropy_access":false,"uuid":"u","plugin_version":"","running_plugin_version":"v1","running_sha256":"","deprecation_status":"supported",${more}}`;
const list: Script = {
  'GET /v1/sys/mounts': [
    200,
    `{"data":{"sys/":${mount('system', '"config":{"default_lease_ttl":0},"options":null')},"kv/":${mount('kv', '"config":{"default_lease_ttl":60,"max_lease_ttl":0},"options":{"version":"2"}')}}}`,
  ],
  'GET /v1/sys/auth': [200, `{"data":{"token/":${mount('token', '"config":{"token_type":"default-service"},"options":null')}}}`],
};

test('lists are tables in order of the paths', async () => {
  expect((await runAgainst(list, ['secrets', 'list'])).out).toBe(`Path    Type      Accessor    Description
----    ----      --------    -----------
kv/     kv        kv_1        n/a
sys/    system    system_1    n/a
`);
  expect((await runAgainst(list, ['auth', 'list'])).out).toBe(`Path      Type     Accessor    Description    Version
----      ----     --------    -----------    -------
token/    token    token_1     n/a            n/a
`);
  const detailed = (await runAgainst(list, ['secrets', 'list', '-detailed'])).out.split('\n').map((line) => line.split(/ {2,}/));
  expect(detailed[0]?.slice(0, 6)).toEqual(['Path', 'Plugin', 'Accessor', 'Default TTL', 'Max TTL', 'Force No Cache']);
  expect([detailed[2]?.slice(3, 5), detailed[3]?.slice(3, 5)]).toEqual([
    ['60', 'system'],
    ['n/a', 'n/a'],
  ]);
  expect(JSON.parse((await runAgainst(list, ['secrets', 'list', '-format=json'])).out)).toHaveProperty(['kv/', 'type'], 'kv');
});

test.each([
  [['secrets', 'enable', 'kv'], 'sys/mounts/kv', { type: 'kv', config: {} }, 'Enabled the kv secrets engine at: kv/'],
  [
    ['secrets', 'enable', 'kv-v2'],
    'sys/mounts/kv-v2',
    { type: 'kv', config: {}, options: { version: '2' } },
    'Enabled the kv-v2 secrets engine at: kv-v2/',
  ],
  [
    [
      'secrets',
      'enable',
      '-path=/a/b/',
      '-description=d',
      '-version=1',
      '-options=x=y=z',
      '-default-lease-ttl=1h',
      '-max-lease-ttl=2h',
      '-listing-visibility=unauth',
      '-audit-non-hmac-request-keys=a',
      '-audit-non-hmac-request-keys=b',
      '-force-no-cache',
      '-local',
      'kv',
    ],
    'sys/mounts/a/b',
    {
      type: 'kv',
      description: 'd',
      local: true,
      options: { x: 'y=z', version: '1' },
      config: {
        default_lease_ttl: '1h',
        max_lease_ttl: '2h',
        listing_visibility: 'unauth',
        audit_non_hmac_request_keys: ['a', 'b'],
        force_no_cache: true,
      },
    },
    'Enabled the kv secrets engine at: a/b/',
  ],
  [
    ['auth', 'enable', '-path=p', '-token-type=batch', '-plugin-name=door', 'plugin'],
    'sys/auth/p',
    { type: 'plugin', plugin_name: 'door', config: { token_type: 'batch' } },
    'Enabled door auth method at: p/',
  ],
  [
    ['secrets', 'tune', '-default-lease-ttl=', '-version=2', 'kv/'],
    'sys/mounts/kv/tune',
    { default_lease_ttl: '', options: { version: '2' } },
    'Tuned the secrets engine at: kv/',
  ],
  [
    ['auth', 'tune', '-description=', '-user-lockout-threshold=3', '-user-lockout-duration=1m', '-user-lockout-disable=false', 'u'],
    'sys/auth/u/tune',
    { description: '', user_lockout_config: { lockout_threshold: '3', lockout_duration: '1m', lockout_disable: false } },
    'Tuned the auth method at: u/',
  ],
])('%j sends only what was given', async (args, path, body, text) => {
  const { code, out, asked } = await runAgainst({ [`PUT /v1/${path}`]: [204, ''] }, args);
  expect([code, out, asked.map((one) => [one.target, JSON.parse(one.body)])]).toEqual([
    0,
    `Success! ${text}\n`,
    [[`PUT /v1/${path}`, body]],
  ]);
});

test.each([
  [['secrets', 'disable', 'kv/'], 'DELETE /v1/sys/mounts/kv', 'Disabled the secrets engine (if it existed) at: kv/'],
  [['auth', 'disable', 'u'], 'DELETE /v1/sys/auth/u', 'Disabled the auth method (if it existed) at: u/'],
])('%j', async (args, target, text) => {
  expect(await runAgainst({ [target]: [204, ''] }, args)).toMatchObject({ code: 0, out: `Success! ${text}\n` });
});

test('a move is followed to its end, and a failed one is an error', async () => {
  const script = (status: string): Script => ({
    'PUT /v1/sys/remount': [200, '{"data":{"migration_id":"m"}}'],
    'GET /v1/sys/remount/status/m': [200, `{"data":{"migration_id":"m","migration_info":{"status":"${status}"}}}`],
  });
  const { code, out, asked } = await runAgainst(script('success'), ['auth', 'move', 'a/', 'b']);
  expect([code, asked[0]?.body]).toEqual([0, '{"from":"auth/a/","to":"auth/b/"}']);
  expect(out).toBe(
    'Started moving auth method auth/a/ to auth/b/, with migration ID m\nSuccess! Finished moving auth method auth/a/ to auth/b/, with migration ID m\n',
  );
  expect((await runAgainst(script('success'), ['secrets', 'move', 'a', 'b'])).asked[0]?.body).toBe('{"from":"a/","to":"b/"}');
  expect(await runAgainst(script('failure'), ['secrets', 'move', 'a', 'b'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('Failed to move'),
  });
});

test.each([
  [['secrets', 'enable'], 'Expected one argument'],
  [['secrets', 'enable', 'kv', 'more'], 'Expected one argument'],
  [['secrets', 'enable', 'plugin'], '-plugin-name'],
  [['secrets', 'enable', '-options=x', 'kv'], 'invalid value for flag -options: must be KEY=VALUE'],
  [['secrets', 'tune', '-user-lockout-threshold=1', 'kv'], 'flag provided but not defined: -user-lockout-threshold'],
  [['secrets', 'move', 'a'], 'Expected two arguments'],
  [['secrets', 'list', 'x'], 'Too many arguments'],
  [['auth', 'disable'], 'Not enough arguments'],
])('%j is a local error', async (args, message) => {
  expect(await runAgainst({}, args)).toMatchObject({ code: 1, out: '', err: expect.stringContaining(message), asked: [] });
});

test('auth help asks the method itself', async () => {
  expect(await runAgainst({ 'GET /v1/auth/u?help=1': [200, '{"help":"paths"}'] }, ['auth', 'help', 'auth/u/'])).toMatchObject({
    code: 0,
    out: 'paths\n',
  });
});
