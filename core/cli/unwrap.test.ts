import { expect, test } from 'vitest';
import { runAgainst, type Script } from './scripted-server.ts';

const info = '{"token":"hvs.w","accessor":"acc","ttl":60,"creation_time":"2026-11-21T00:00:00Z","creation_path":"secret/data/a"}';
const wrapped = `{"data":null,"wrap_info":${info},"auth":null}`;
const mount = '{"data":{"path":"secret/","options":{"version":"2"}},"wrap_info":null}';
const script: Script = {
  'GET /v1/sys/internal/ui/mounts/secret/a': [200, mount],
  'GET /v1/secret/data/a': [200, wrapped],
  'PATCH /v1/secret/data/a': [405, '{"errors":[]}'],
  'PUT /v1/auth/userpass/login/amy': [200, wrapped],
};

test('-wrap-ttl asks for a wrapped answer, and prints its token', async () => {
  const { code, out, asked } = await runAgainst(script, ['kv', 'get', '-wrap-ttl=60', 'secret/a']);
  expect([code, asked.map(({ headers }) => headers['x-vault-wrap-ttl'])]).toEqual([0, [undefined, '60']]);
  expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual(
    expect.arrayContaining([
      ['wrapping_token:', 'hvs.w'],
      ['wrapping_accessor:', 'acc'],
      ['wrapping_token_ttl:', '1m'],
      ['wrapping_token_creation_time:', '2026-11-21T00:00:00Z'],
      ['wrapping_token_creation_path:', 'secret/data/a'],
    ]),
  );
});

test('-field, -format and VAULT_WRAP_TTL work on it, for writes and logins too', async () => {
  expect((await runAgainst(script, ['kv', 'get', '-wrap-ttl=60', '-field=wrapping_token', 'secret/a'])).out).toBe('hvs.w');
  const json = await runAgainst(script, ['login', '-method=userpass', '-format=json', 'username=amy', 'password=p'], {
    env: { VAULT_WRAP_TTL: '5m' },
  });
  expect([JSON.parse(json.out), json.asked[0]?.headers['x-vault-wrap-ttl']]).toEqual([JSON.parse(wrapped), '5m']);
});

test('what a command reads for itself is not wrapped', async () => {
  const current = '{"data":{"data":{"x":"1"},"metadata":{"version":3}},"wrap_info":null}';
  const steps: Script = { ...script, 'GET /v1/secret/data/a': [200, current], 'PUT /v1/secret/data/a': [200, wrapped] };
  const { code, out, asked } = await runAgainst(steps, ['kv', 'patch', '-wrap-ttl=60', '-field=wrapping_token', 'secret/a', 'y=2']);
  expect([code, out]).toEqual([0, 'hvs.w']);
  expect(asked.map(({ target, headers }) => [target.split(' ')[0], headers['x-vault-wrap-ttl']])).toEqual([
    ['GET', undefined],
    ['PATCH', '60'],
    ['GET', undefined],
    ['PUT', '60'],
  ]);
});

const unwrapping = (body: string): Script => ({ 'PUT /v1/sys/wrapping/unwrap': [200, body] });

test('unwrap shows the data once, by the token that is given or by the own one', async () => {
  const answer = unwrapping('{"data":{"b":12345678901234567890,"a":"x"},"auth":null,"wrap_info":null}');
  const { code, out, asked } = await runAgainst(answer, ['unwrap', 'hvs.w']);
  expect([code, asked[0]?.headers['x-vault-token'], asked[0]?.body]).toEqual([0, 'hvs.w', '{}']);
  expect(out).toMatch(/a +x\nb +12345678901234567890\n$/);
  const own = await runAgainst(answer, ['unwrap', '-field=a']);
  expect([own.out, own.asked[0]?.headers['x-vault-token']]).toEqual(['x', 'the-token']);
  expect((await runAgainst(answer, ['unwrap', '-format=json', 'hvs.w'])).out).toContain('12345678901234567890');
});

test('unwrap shows a token as a login does', async () => {
  const answer = unwrapping(
    '{"data":null,"auth":{"client_token":"hvs.t","accessor":"a","policies":["default"],"lease_duration":60,"renewable":true}}',
  );
  expect((await runAgainst(answer, ['unwrap', 'hvs.w'])).out).toMatch(/token +hvs\.t\n/);
  expect((await runAgainst(answer, ['unwrap', '-field=token', 'hvs.w'])).out).toBe('hvs.t');
});

test.each([
  [['unwrap', 'a', 'b'], 1, 'Too many arguments'],
  [['unwrap', 'hvs.w'], 2, 'wrapping token is not valid or does not exist'],
])('%j ends with %i', async (args, expected, message) => {
  const refused: Script = { 'PUT /v1/sys/wrapping/unwrap': [400, '{"errors":["wrapping token is not valid or does not exist"]}'] };
  const { code, out, err } = await runAgainst(refused, args);
  expect([code, out, err]).toEqual([expected, '', expect.stringContaining(message)]);
});
