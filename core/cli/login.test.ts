import { expect, test } from 'vitest';
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
