import { describe, expect, test } from 'vitest';
import { runAgainst, type Script } from './scripted-server.ts';

const auth =
  '{"client_token":"hvs.t","accessor":"a","policies":["default","dev"],"metadata":{"username":"alice"},"lease_duration":3600,"renewable":true}';
const script: Script = {
  'PUT /v1/auth/userpass/login/alice': [200, `{"auth":${auth}}`],
  'PUT /v1/auth/team/people/login/alice': [200, `{"auth":${auth}}`],
  'PUT /v1/auth/door-code/login': [200, `{"auth":${auth}}`],
  'PUT /v1/auth/userpass/login/bob': [400, '{"errors":["invalid username or password"]}'],
};

test('a login prints the token and what it may do', async () => {
  const { code, out, asked } = await runAgainst(script, ['login', '-method=userpass', 'username=alice', 'password=p=1']);
  expect([code, asked.map(({ body }) => body)]).toEqual([0, ['{"password":"p=1"}']]);
  expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual(
    expect.arrayContaining([
      ['token', 'hvs.t'],
      ['token_accessor', 'a'],
      ['token_duration', '1h'],
      ['token_renewable', 'true'],
      ['token_policies', '["default" "dev"]'],
      ['identity_policies', '[]'],
      ['policies', '["default" "dev"]'],
      ['token_meta_username', 'alice'],
    ]),
  );
});

test.each([
  [['-method=userpass', '-path=team/people/', 'username=alice', 'password=p'], 'auth/team/people/login/alice', '{"password":"p"}'],
  [['-method=door-code', 'name=alice', 'code=1'], 'auth/door-code/login', '{"name":"alice","code":"1"}'],
  [['-method=userpass', 'username=alice', 'password=-'], 'auth/userpass/login/alice', '{"password":"from stdin"}'],
])('login %j asks %s', async (args, path, body) => {
  const { code, asked } = await runAgainst(script, ['login', ...args], { stdin: 'from stdin' });
  expect([code, asked]).toEqual([0, [expect.objectContaining({ target: `PUT /v1/${path}`, body })]]);
});

test('-token-only and -field print one thing bare, -format=json all of it', async () => {
  const args = ['username=alice', 'password=p'];
  expect((await runAgainst(script, ['login', '-method=userpass', '-token-only', ...args])).out).toBe('hvs.t');
  expect((await runAgainst(script, ['login', '-method=userpass', '-field=accessor', ...args])).out).toBe('a');
  const { out } = await runAgainst(script, ['login', '-method=userpass', '-format=json', ...args]);
  expect(JSON.parse(out)).toMatchObject({ auth: { client_token: 'hvs.t' } });
});

test.each([
  [['username=alice', 'password=p'], 1, 'Must supply -method'],
  [['-method=userpass'], 1, 'Must supply data'],
  [['-method=userpass', 'username=a/b', 'password=p'], 1, 'username must not hold a slash'],
  [['-method=userpass', 'username=bob', 'password=p'], 2, 'invalid username or password'],
])('login %j ends with %i', async (args, expected, message) => {
  const { code, out, err } = await runAgainst(script, ['login', ...args]);
  expect([code, out, err]).toEqual([expected, '', expect.stringContaining(message)]);
});

describe('the token', () => {
  const own: Script = {
    ...script,
    'GET /v1/auth/token/lookup-self': [
      200,
      '{"data":{"id":"hvs.own","accessor":"a","policies":["default"],"meta":null,"ttl":0,"renewable":false}}',
    ],
  };
  const kept = { '/home/user/.vault-token': 'hvs.t' };
  const alice = ['-method=userpass', 'username=alice', 'password=p'];
  const env = { VAULT_TOKEN: '' };

  test.each([
    [alice, kept, 'is already stored'],
    [['-no-store', ...alice], {}, 'is not stored'],
    [['-token-only', ...alice], {}, 'hvs.t'],
    [['-no-print', ...alice], kept, ''],
    [['hvs.own'], { '/home/user/.vault-token': 'hvs.own' }, 'token_duration       ∞'],
    [['token=hvs.own'], { '/home/user/.vault-token': 'hvs.own' }, 'hvs.own'],
    [['-'], { '/home/user/.vault-token': 'typed' }, 'typed'],
    [[], { '/home/user/.vault-token': 'typed' }, 'typed'],
  ])('login %j keeps %j', async (args, written, text) => {
    const outcome = await runAgainst(own, ['login', ...args], { env, stdin: 'typed\n' });
    expect(outcome).toMatchObject({ code: 0, err: '', out: expect.stringContaining(text) });
    expect(outcome.written).toEqual(written);
    expect(outcome.asked[0]?.headers['x-vault-token']).toBe(
      args.includes('hvs.own') || args.includes('token=hvs.own') ? 'hvs.own' : args.length < 2 ? 'typed' : undefined,
    );
  });

  test('that the server refuses is not kept', async () => {
    const refused: Script = { 'GET /v1/auth/token/lookup-self': [403, '{"errors":["permission denied"]}'] };
    const { code, out, written } = await runAgainst(refused, ['login', 'hvs.no'], { env });
    expect([code, out, written]).toEqual([2, '', {}]);
  });

  test('of the environment takes precedence, which is said', async () => {
    expect((await runAgainst(own, ['login', ...alice])).err).toContain('WARNING! The VAULT_TOKEN environment variable is set');
  });

  test('that holds a line break is not sent', async () => {
    const outcome = await runAgainst(own, ['login', '-'], { env, stdin: 'hvs.a\nX-Evil: 1' });
    expect(outcome).toMatchObject({ code: 1, asked: [], err: 'The token holds characters that no token has\n' });
  });
});
