import { describe, expect, test } from 'vitest';
import { runAgainst, type Script } from './scripted-server.ts';

const mount: Script = {
  'GET /v1/sys/internal/ui/mounts/secret/a': [200, '{"data":{"path":"secret/","type":"kv","options":{"version":"2"}}}'],
  'GET /v1/sys/internal/ui/mounts/secret': [200, '{"data":{"path":"secret/","type":"kv","options":{"version":"2"}}}'],
};
const metadata =
  '{"created_time":"2026-01-01T00:00:00.000000000Z","custom_metadata":null,"deletion_time":"","destroyed":false,"version":3}';
const secret = `{"request_id":"r","data":{"data":{"password":"x","n":12345678901234567890,"o":{"b":[1.0,null],"a":true},"empty":""},"metadata":${metadata}}}`;
const secretTable = `== Secret Path ==
secret/data/a

======= Metadata =======
Key                Value
---                -----
created_time       2026-01-01T00:00:00.000000000Z
custom_metadata    <nil>
deletion_time      n/a
destroyed          false
version            3
`;
const denied: readonly [number, string] = [403, '{"errors":["1 error occurred:\\n\\t* permission denied\\n\\n"]}'];
const dataPath = '/v1/secret/data/a';

const refusing = (status: number): Script => ({ ...mount, [`PATCH ${dataPath}`]: [status, '{"errors":["no"]}'] });

const bodies = (asked: readonly { target: string; body: string }[]): string[] =>
  asked.slice(1).map(({ target, body }) => `${target} ${body}`.trim());

describe('kv get', () => {
  const script: Script = { ...mount, [`GET ${dataPath}`]: [200, secret], [`GET ${dataPath}?version=2`]: [200, secret] };

  test('prints the tables that vault prints, numbers as they were received', async () => {
    const { code, out, err, asked } = await runAgainst(script, ['kv', 'get', 'secret/a']);
    expect(out).toBe(`${secretTable}
====== Data ======
Key         Value
---         -----
empty       n/a
n           12345678901234567890
o           map[a:true b:[1.0 <nil>]]
password    x
`);
    expect([code, err]).toEqual([0, '']);
    expect(asked.map(({ target }) => target)).toEqual(['GET /v1/sys/internal/ui/mounts/secret/a', `GET ${dataPath}`]);
    expect(asked[1]?.headers).toMatchObject({ 'x-vault-token': 'the-token', 'x-vault-request': 'true' });
  });

  test.each([[['-mount=secret', 'a']], [['-mount', 'secret', '/a/']], [['--mount=secret/', 'a']], [['/secret/a/']]])(
    'finds the secret by %j',
    async (args) => {
      const { code, asked } = await runAgainst(script, ['kv', 'get', ...args]);
      expect([code, asked[1]?.target]).toEqual([0, `GET ${dataPath}`]);
    },
  );

  test('asks for a version', async () => {
    const { asked } = await runAgainst(script, ['kv', 'get', '-version=2', 'secret/a']);
    expect(asked[1]?.target).toBe(`GET ${dataPath}?version=2`);
  });

  test('prints JSON and YAML without losing a digit', async () => {
    const json = await runAgainst(script, ['kv', 'get', '-format=json', 'secret/a']);
    expect(json.out).toContain(
      '      "n": 12345678901234567890,\n      "o": {\n        "a": true,\n        "b": [\n          1.0,\n          null\n        ]\n      },',
    );
    expect(JSON.parse(json.out)).toEqual(JSON.parse(secret));
    const yaml = await runAgainst(script, ['kv', 'get', 'secret/a'], { env: { VAULT_FORMAT: 'yaml' } });
    expect(yaml.out).toContain(
      'data:\n  data:\n    empty: ""\n    "n": 12345678901234567890\n    o:\n      a: true\n      b:\n      - 1.0\n      - null\n    password: "x"\n',
    );
  });

  test.each([
    ['password', false, 'x'],
    ['password', true, 'x\n'],
    ['n', false, '12345678901234567890'],
  ])('prints the field %s bare (somebody reads: %s)', async (field, interactive, text) => {
    expect(await runAgainst(script, ['kv', 'get', `-field=${field}`, 'secret/a'], { interactive })).toMatchObject({ code: 0, out: text });
  });

  test('refuses a field that is not there', async () => {
    expect(await runAgainst(script, ['kv', 'get', '-field=none', 'secret/a'])).toMatchObject({
      code: 1,
      out: '',
      err: 'Field "none" not present in secret\n',
    });
  });

  test('shows the metadata of a deleted version and exits 0', async () => {
    const gone: Script = { ...mount, [`GET ${dataPath}`]: [404, `{"data":{"data":null,"metadata":${metadata}}}`] };
    expect(await runAgainst(gone, ['kv', 'get', 'secret/a'])).toMatchObject({ code: 0, out: secretTable });
    expect(await runAgainst(gone, ['kv', 'get', '-field=x', 'secret/a'])).toMatchObject({
      code: 2,
      err: 'No data found at secret/data/a\n',
    });
  });

  test('exits 2 where nothing is', async () => {
    const none: Script = { ...mount, [`GET ${dataPath}`]: [404, '{"errors":[]}'] };
    expect(await runAgainst(none, ['kv', 'get', 'secret/a'])).toMatchObject({ code: 2, out: '', err: 'No value found at secret/data/a\n' });
  });

  test('prints a refusal as vault does and exits 2', async () => {
    const { code, err } = await runAgainst({ ...mount, [`GET ${dataPath}`]: denied }, ['kv', 'get', 'secret/a']);
    expect(code).toBe(2);
    expect(err).toBe(
      'Error making API request.\n\nURL: GET ADDRESS/v1/secret/data/a\nCode: 403. Errors:\n\n* 1 error occurred:\n\t* permission denied\n\n\n\nThe token is not valid, or its policies do not allow this at secret/data/a: "strongroom token capabilities secret/data/a" shows what they allow.\n',
    );
  });

  test.each([
    [[], 'Not enough arguments (expected a path)\n'],
    [['-colour', 'secret/a'], 'flag provided but not defined: -colour\n'],
    [['-version=x', 'secret/a'], 'invalid value for flag -version: not a whole number\n'],
    [['-version'], 'flag needs an argument: -version\n'],
    [['-format=xml', 'secret/a'], 'invalid output format: use table, json or yaml\n'],
    [['-address=ftp://x', 'secret/a'], 'the address must begin with http://, https:// or unix://\n'],
    [['-tls-skip-verify=perhaps', 'secret/a'], 'invalid boolean value for flag -tls-skip-verify\n'],
  ])('called by %j is a local error, 1', async (args, err) => {
    expect(await runAgainst(script, ['kv', 'get', ...args])).toMatchObject({ code: 1, err });
  });

  test('warns of flags after the path', async () => {
    expect((await runAgainst(script, ['kv', 'get', 'secret/a', '-version=2'])).err).toContain(
      'must be provided before positional arguments',
    );
  });

  test('of a mount that is not versioned is a local error', async () => {
    const first: Script = { 'GET /v1/sys/internal/ui/mounts/secret/a': [200, '{"data":{"path":"secret/","options":null}}'] };
    expect(await runAgainst(first, ['kv', 'get', 'secret/a'])).toMatchObject({ code: 1, err: 'The mount is not a KV version 2 engine\n' });
  });
});

describe('kv put', () => {
  const script: Script = { ...mount, [`PUT ${dataPath}`]: [200, `{"data":${metadata}}`] };

  test('writes texts and prints the new version', async () => {
    const { code, out, asked } = await runAgainst(script, ['kv', 'put', 'secret/a', 'x=1', 'y=a=b', 'z=\\@home']);
    expect([code, out]).toEqual([0, secretTable]);
    expect(bodies(asked)).toEqual([`PUT ${dataPath} {"data":{"x":"1","y":"a=b","z":"@home"},"options":{}}`]);
    expect(asked[1]?.headers).toMatchObject({ 'content-type': 'application/json' });
  });

  test.each([
    [['-cas=0', 'secret/a', 'x=1'], '{"data":{"x":"1"},"options":{"cas":0}}'],
    [['secret/a', 'x=@f', 'y=-'], '{"data":{"x":"file\\n","y":"in"},"options":{}}'],
    [['secret/a', '@json', 'x=2'], '{"data":{"x":[1,"2"],"n":1.0},"options":{}}'],
  ])('%j sends %s', async (args, body) => {
    const around = { stdin: 'in', files: { f: 'file\n', json: '{"x":1,"n":1.0}' } };
    const { code, asked } = await runAgainst(script, ['kv', 'put', ...args], around);
    expect([code, asked[1]?.body]).toEqual([0, body]);
  });

  test('takes JSON from standard input', async () => {
    const { asked } = await runAgainst(script, ['kv', 'put', 'secret/a', '-'], { stdin: '{"n":12345678901234567890}' });
    expect(asked[1]?.body).toBe('{"data":{"n":12345678901234567890},"options":{}}');
  });

  test.each([
    [['secret/a'], 'Must supply data\n'],
    [['secret/a', 'x'], 'Failed to parse K=V data: format must be key=value\n'],
    [['secret/a', '@none'], 'Failed to parse K=V data: cannot read the file\n'],
    [['secret/a', 'x=-', 'y=-'], 'Failed to parse K=V data: standard input can be read only once\n'],
    [['secret/a', '-'], 'Failed to parse K=V data: the JSON must be an object\n'],
  ])('called by %j sends nothing', async (args, err) => {
    expect(await runAgainst(script, ['kv', 'put', ...args], { stdin: '[1]' })).toMatchObject({ code: 1, err, asked: [] });
  });
});

describe('kv patch', () => {
  test('sends a merge patch', async () => {
    const script: Script = { ...mount, [`PATCH ${dataPath}`]: [200, `{"data":${metadata}}`] };
    const { code, asked } = await runAgainst(script, ['kv', 'patch', '-remove-data=y', '-cas=3', 'secret/a', 'x=1']);
    expect([code, asked[1]?.body]).toEqual([0, '{"data":{"x":"1","y":null},"options":{"cas":3}}']);
    expect(asked[1]?.headers).toMatchObject({ 'content-type': 'application/merge-patch+json' });
  });

  test.each([
    [403, []],
    [405, []],
    [undefined, ['-method=rw']],
  ])('reads and writes with check-and-set where PATCH answers %s', async (status, flags) => {
    const script: Script = {
      ...mount,
      [`PATCH ${dataPath}`]: [status ?? 200, '{}'],
      [`GET ${dataPath}`]: [200, secret],
      [`PUT ${dataPath}`]: [200, `{"data":${metadata}}`],
    };
    const { code, asked } = await runAgainst(script, ['kv', 'patch', ...flags, 'secret/a', 'password=y']);
    expect(code).toBe(0);
    expect(asked.at(-1)?.body).toBe(
      '{"data":{"password":"y","n":12345678901234567890,"o":{"b":[1.0,null],"a":true},"empty":""},"options":{"cas":3}}',
    );
  });

  test('does not fall back when told to patch, or on another refusal', async () => {
    expect(await runAgainst(refusing(403), ['kv', 'patch', '-method=patch', 'secret/a', 'x=1'])).toMatchObject({ code: 2 });
    expect(await runAgainst(refusing(400), ['kv', 'patch', 'secret/a', 'x=1'])).toMatchObject({ code: 2 });
    expect(await runAgainst(refusing(404), ['kv', 'patch', 'secret/a', 'x=1'])).toMatchObject({
      code: 2,
      err: 'No value found at secret/data/a\n',
    });
    expect(await runAgainst(refusing(200), ['kv', 'patch', '-method=x', 'secret/a', 'x=1'])).toMatchObject({ code: 1 });
  });
});

test('kv list prints names', async () => {
  const script: Script = {
    ...mount,
    'GET /v1/secret/metadata/?list=true': [200, '{"data":{"keys":["a","b/"]}}'],
    'GET /v1/secret/metadata/a/?list=true': [404, '{"errors":[]}'],
  };
  expect(await runAgainst(script, ['kv', 'list', 'secret/'])).toMatchObject({ code: 0, out: 'Keys\n----\na\nb/\n' });
  expect(await runAgainst(script, ['kv', 'list', '-format=json', 'secret'])).toMatchObject({ out: '[\n  "a",\n  "b/"\n]\n' });
  expect(await runAgainst(script, ['kv', 'list', 'secret/a'])).toMatchObject({ code: 2, err: 'No value found at secret/metadata/a\n' });
});

describe('kv delete, undelete, destroy', () => {
  test.each([
    [['delete', 'secret/a'], `DELETE ${dataPath}`, 'Success! Data deleted (if it existed) at: secret/data/a\n'],
    [
      ['delete', '-versions=1,2', '-versions=4', 'secret/a'],
      'PUT /v1/secret/delete/a {"versions":[1,2,4]}',
      'Success! Data deleted (if it existed) at: secret/data/a\n',
    ],
    [
      ['undelete', '-versions=1', 'secret/a'],
      'PUT /v1/secret/undelete/a {"versions":[1]}',
      'Success! Data written to: secret/undelete/a\n',
    ],
    [['destroy', '-versions=1', 'secret/a'], 'PUT /v1/secret/destroy/a {"versions":[1]}', 'Success! Data written to: secret/destroy/a\n'],
    [['metadata', 'delete', 'secret/a'], 'DELETE /v1/secret/metadata/a', 'Success! Data deleted (if it existed) at: secret/metadata/a\n'],
    [
      ['metadata', 'put', '-max-versions=5', '-cas-required', '-delete-version-after=3h', '-custom-metadata=k=v=w', 'secret/a'],
      'PUT /v1/secret/metadata/a {"max_versions":5,"cas_required":true,"delete_version_after":"3h","custom_metadata":{"k":"v=w"}}',
      'Success! Data written to: secret/metadata/a\n',
    ],
    [
      ['metadata', 'patch', '-remove-custom-metadata=k', 'secret/a'],
      'PATCH /v1/secret/metadata/a {"custom_metadata":{"k":null}}',
      'Success! Data written to: secret/metadata/a\n',
    ],
  ])('kv %j', async (args, request, text) => {
    const script: Script = { ...mount, [request.split(' ', 2).join(' ')]: [204, ''] };
    const { code, out, asked } = await runAgainst(script, ['kv', ...args]);
    expect([code, out, bodies(asked)]).toEqual([0, text, [request]]);
  });

  test.each([
    [['undelete', 'secret/a'], 'No versions provided, use the "-versions" flag to specify the version to undelete.\n'],
    [['destroy', '-versions=0', 'secret/a'], '-versions takes whole numbers, separated by commas\n'],
    [['metadata', 'put', '-custom-metadata=k', 'secret/a'], '-custom-metadata takes key=value\n'],
  ])('kv %j is a local error', async (args, err) => {
    expect(await runAgainst(mount, ['kv', ...args])).toMatchObject({ code: 1, err });
  });
});

test('kv metadata get prints settings, then versions in order', async () => {
  const version = '{"created_time":"t","deletion_time":"","destroyed":false}';
  const script: Script = {
    ...mount,
    'GET /v1/secret/metadata/a': [
      200,
      `{"data":{"max_versions":0,"custom_metadata":{"k":"v"},"versions":{"10":${version},"9":${version}}}}`,
    ],
  };
  const { out } = await runAgainst(script, ['kv', 'metadata', 'get', 'secret/a']);
  expect(out).toBe(`= Metadata Path =
secret/metadata/a

======= Metadata =======
Key                Value
---                -----
custom_metadata    map[k:v]
max_versions       0

====== Version 9 ======
Key              Value
---              -----
created_time     t
deletion_time    n/a
destroyed        false

===== Version 10 =====
Key              Value
---              -----
created_time     t
deletion_time    n/a
destroyed        false
`);
});
