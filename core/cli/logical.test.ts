import { describe, expect, test } from 'vitest';
import { runAgainst, type Script } from './scripted-server.ts';

const lease =
  '{"request_id":"r","lease_id":"db/creds/a/1","renewable":true,"lease_duration":5400,"data":{"b":12345678901234567890,"a":["x","y"],"ttl":90,"max_ttl":0},"warnings":["soon"],"auth":null,"wrap_info":null}';

describe('read', () => {
  test('prints lease and data as vault does, times in hours, numbers as they came, warnings aside', async () => {
    const { code, out, err, asked } = await runAgainst({ 'GET /v1/db/creds/a': [200, lease] }, ['read', '/db/creds/a/']);
    expect(out).toBe(`Key                Value
---                -----
lease_id           db/creds/a/1
lease_duration     1h30m
lease_renewable    true
a                  [x y]
b                  12345678901234567890
max_ttl            0s
ttl                1m30s
`);
    expect([code, asked.length]).toEqual([0, 1]);
    expect(err).toBe('WARNING! The following warnings were returned from the server:\n\n  * soon\n\n');
  });

  test('what has no lease shows when to look again', async () => {
    const { out } = await runAgainst({ 'GET /v1/s/a': [200, '{"lease_id":"","lease_duration":2764800,"data":{"x":""}}'] }, ['read', 's/a']);
    expect(out.split('\n').slice(2)).toEqual(['refresh_interval    768h', 'x                   n/a', '']);
  });

  test.each([
    [['-field=b'], '12345678901234567890'],
    [['-field=lease_id'], 'db/creds/a/1'],
    [['-field=a', '-format=json'], '[\n  "x",\n  "y"\n]\n'],
    [['-format=raw'], lease],
  ])('read %j prints %j', async (flags, text) => {
    expect(await runAgainst({ 'GET /v1/db/creds/a': [200, lease] }, ['read', ...flags, 'db/creds/a'])).toMatchObject({
      code: 0,
      out: text,
    });
  });

  test('JSON and YAML have their keys in order, and every digit', async () => {
    const script: Script = { 'GET /v1/db/creds/a': [200, lease] };
    const json = (await runAgainst(script, ['read', '-format=json', 'db/creds/a'])).out;
    expect(json).toMatch(/^\{\n {2}"request_id": "r",\n {2}"lease_id".*"a": \[.*"b": 12345678901234567890,.*"max_ttl": 0,/s);
    expect((await runAgainst(script, ['read', '-format=yaml', 'db/creds/a'])).out).toMatch(
      /^auth: null\ndata:\n {2}a:\n {2}- "x"\n {2}- "y"\n {2}b: 12345678901234567890\n/,
    );
  });

  test('key=value goes into the query, and raw takes what is no JSON', async () => {
    const { out, asked } = await runAgainst({ 'GET /v1/pki/ca?a=1&b=x+y': [200, '-----BEGIN'] }, [
      'read',
      '-format=raw',
      'pki/ca',
      'a=1',
      'b=x y',
    ]);
    expect([out, asked[0]?.target]).toEqual(['-----BEGIN', 'GET /v1/pki/ca?a=1&b=x+y']);
  });

  test('what a terminal takes for commands is shown as text', async () => {
    const hostile = '{"data":{"a\\nb":"\\u001b[2Jgone","c":"two\\nlines"},"warnings":["\\u001b]0;x\\u0007"]}';
    const { out, err } = await runAgainst({ 'GET /v1/s/a': [200, hostile] }, ['read', 's/a']);
    expect(out).toMatch(/\na b {4}\\x1b\[2Jgone\nc {6}two\nlines\n$/);
    expect(err).toContain('\\x1b]0;x\\x07');
    expect((await runAgainst({ 'GET /v1/s/a': [200, hostile] }, ['read', '-field=c', 's/a'])).out).toBe('two\nlines');
  });
});

describe('list', () => {
  test('prints names, or none', async () => {
    const script: Script = {
      'GET /v1/s/?list=true': [200, '{"data":{"keys":["a","b/"]}}'],
      'GET /v1/s/a/?list=true': [404, '{"errors":[]}'],
    };
    expect(await runAgainst(script, ['list', 's'])).toMatchObject({ code: 0, out: 'Keys\n----\na\nb/\n' });
    expect(await runAgainst(script, ['list', '-format=json', 's/'])).toMatchObject({ code: 0, out: '[\n  "a",\n  "b/"\n]\n' });
    expect(await runAgainst(script, ['list', 's/a'])).toMatchObject({ code: 2, out: '', err: 'No value found at s/a\n' });
    expect(await runAgainst(script, ['list', '-format=json', 's/a'])).toMatchObject({ code: 2, out: '{}\n' });
  });
});

describe('write, patch and delete', () => {
  const script: Script = {
    'PUT /v1/s/a': [204, ''],
    'PATCH /v1/s/a': [200, '{"data":{"version":2}}'],
    'DELETE /v1/s/a': [204, ''],
    'DELETE /v1/s/a?versions=1': [204, ''],
    'PUT /v1/auth/app/login': [
      200,
      '{"auth":{"client_token":"hvs.t","accessor":"c","policies":["p"],"lease_duration":0,"renewable":false}}',
    ],
    'PATCH /v1/s/none': [404, '{"errors":[]}'],
  };

  test.each([
    [['write', 's/a', 'x=1', 'y=@f', 'z=-'], 'PUT /v1/s/a', '{"x":"1","y":"file","z":"in"}'],
    [['write', 's/a', 'p=a', 'p=b', 'p=c'], 'PUT /v1/s/a', '{"p":["a","b","c"]}'],
    [['write', 's/a', '@json'], 'PUT /v1/s/a', '{"n":1.0}'],
    [['write', '-f', 's/a'], 'PUT /v1/s/a', '{}'],
    [['write', '-force', 's/a'], 'PUT /v1/s/a', '{}'],
    [['patch', 's/a', 'x=1'], 'PATCH /v1/s/a', '{"x":"1"}'],
    [['delete', 's/a'], 'DELETE /v1/s/a', ''],
    [['delete', 's/a', 'versions=1'], 'DELETE /v1/s/a?versions=1', ''],
  ])('%j sends %s', async (args, target, body) => {
    const { code, asked } = await runAgainst(script, args, { stdin: 'in', files: { f: 'file', json: '{"n":1.0}' } });
    expect([code, asked.map((one) => [one.target, one.body])]).toEqual([0, [[target, body]]]);
  });

  test('says what was done in words only to readers', async () => {
    expect((await runAgainst(script, ['write', 's/a', 'x=1'])).out).toBe('Success! Data written to: s/a\n');
    expect((await runAgainst(script, ['delete', 's/a'])).out).toBe('Success! Data deleted (if it existed) at: s/a\n');
    expect((await runAgainst(script, ['write', '-format=json', 's/a', 'x=1'])).out).toBe('');
    expect((await runAgainst(script, ['write', 'auth/app/login', 'x=1'])).out).toMatch(/token_duration +∞\n/);
    expect((await runAgainst(script, ['write', '-field=token', 'auth/app/login', 'x=1'])).out).toBe('hvs.t');
  });

  test.each([
    [['write', 's/a'], 1, 'Must supply data or use -force'],
    [['write'], 1, 'Not enough arguments'],
    [['read'], 1, 'Not enough arguments'],
    [['list', 'a', 'b'], 1, 'Too many arguments'],
    [['patch', 's/none', 'x=1'], 2, 'No value found at s/none'],
    [['write', '-field=x', 's/a', 'y=1'], 1, 'no fields'],
    [['list', '-format=raw', 's'], 1, 'invalid output format'],
  ])('%j ends with %i', async (args, expected, message) => {
    const { code, out, err } = await runAgainst(script, args);
    expect([code, out, err]).toEqual([expected, '', expect.stringContaining(message)]);
  });

  test('a 404 that names an error is a refusal', async () => {
    const missing: Script = { 'GET /v1/x/y': [404, '{"errors":["no handler for route"]}'] };
    expect(await runAgainst(missing, ['read', 'x/y'])).toMatchObject({ code: 2, err: expect.stringContaining('* no handler for route') });
  });
});

test('path-help prints what the server says', async () => {
  const script: Script = { 'GET /v1/s/a?help=1': [200, '{"help":"## READ\\n","see_also":[],"openapi":{}}'] };
  expect(await runAgainst(script, ['path-help', 's/a'])).toMatchObject({ code: 0, out: '## READ\n' });
  expect(JSON.parse((await runAgainst(script, ['path-help', '-format=json', 's/a'])).out)).toMatchObject({ help: '## READ\n' });
});
