import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runAgainst, type Script } from './scripted-server.ts';

const sealStatus = (sealed: boolean, progress = 0): string =>
  `{"type":"shamir","initialized":true,"sealed":${sealed},"t":2,"n":3,"progress":${progress},"nonce":"${progress > 0 ? 'abc' : ''}","version":"1.15.6","storage_type":"file"}`;

describe('status', () => {
  test.each([
    [false, 0, 0, ''],
    [true, 0, 2, ''],
    [true, 1, 2, 'Unseal Progress    1/2\nUnseal Nonce       abc\n'],
  ])('sealed: %s, with %i shares given, exits %s', async (sealed, progress, exit, lines) => {
    const { code, out } = await runAgainst({ 'GET /v1/sys/seal-status': [200, sealStatus(sealed, progress)] }, ['status']);
    const pad = lines === '' ? 16 : 19;
    const row = (name: string, value: string): string => `${name.padEnd(pad)}${value}\n`;
    expect(code).toBe(exit);
    expect(out).toBe(
      [
        row('Key', 'Value'),
        row('---', '-----'),
        row('Seal Type', 'shamir'),
        row('Initialized', 'true'),
        row('Sealed', String(sealed)),
        row('Total Shares', '3'),
        row('Threshold', '2'),
        lines,
        row('Version', '1.15.6'),
        row('Storage Type', 'file'),
      ].join(''),
    );
  });

  test('exits 1 when there is no answer', async () => {
    expect(await runAgainst({}, ['status'], { env: { VAULT_ADDR: 'http://127.0.0.1:1' } })).toMatchObject({ code: 1, out: '' });
  });
});

describe('operator init', () => {
  const init: Script = { 'PUT /v1/sys/init': [200, '{"keys":["0a","0b"],"keys_base64":["Cg==","Cw=="],"root_token":"hvs.root"}'] };

  test('prints shares and root token in the lines that scripts read', async () => {
    const { code, out, asked } = await runAgainst(init, ['operator', 'init', '-key-shares=2', '-key-threshold=2']);
    expect(code).toBe(0);
    expect(out).toContain('Unseal Key 1: Cg==\nUnseal Key 2: Cw==\n\nInitial Root Token: hvs.root\n');
    expect(asked[0]?.body).toBe('{"secret_shares":2,"secret_threshold":2}');
  });

  test('prints the JSON that scripts read', async () => {
    const { out } = await runAgainst(init, ['operator', 'init', '-n', '2', '-t', '1', '-format=json']);
    expect(JSON.parse(out)).toMatchObject({
      unseal_keys_b64: ['Cg==', 'Cw=='],
      unseal_keys_hex: ['0a', '0b'],
      unseal_shares: 2,
      unseal_threshold: 1,
      root_token: 'hvs.root',
    });
  });

  test.each([
    [true, 0, 'Vault is initialized\n'],
    [false, 2, 'Vault is not initialized\n'],
  ])('-status of an initialised server (%s) exits %i', async (initialized, code, out) => {
    const script: Script = { 'GET /v1/sys/init': [200, `{"initialized":${initialized}}`] };
    expect(await runAgainst(script, ['operator', 'init', '-status'])).toMatchObject({ code, out });
  });
});

describe('operator unseal and seal', () => {
  const script: Script = { 'PUT /v1/sys/unseal': [200, sealStatus(true, 1)], 'PUT /v1/sys/seal': [204, ''] };

  test.each([
    [['share'], '', '{"key":"share"}'],
    [['-'], 'from stdin\n', '{"key":"from stdin"}'],
    [[], 'typed unseen', '{"key":"typed unseen"}'],
    [['-reset'], '', '{"reset":true}'],
  ])('unseal %j', async (args, stdin, body) => {
    const { code, out, asked } = await runAgainst(script, ['operator', 'unseal', ...args], { stdin });
    expect([code, asked[0]?.body]).toEqual([0, body]);
    expect(out).toContain('Unseal Progress    1/2');
  });

  test('seal says so', async () => {
    expect(await runAgainst(script, ['operator', 'seal'])).toMatchObject({ code: 0, out: 'Success! Vault is sealed.\n' });
  });
});

describe('the connection', () => {
  const script: Script = { 'PUT /v1/sys/seal': [204, ''] };

  test('takes the token of ~/.vault-token when the environment has none', async () => {
    const around = { env: { VAULT_TOKEN: '', HOME: '/home/x' }, files: { '/home/x/.vault-token': 'stored\n' } };
    const { asked } = await runAgainst(script, ['operator', 'seal'], around);
    expect(asked[0]?.headers['x-vault-token']).toBe('stored');
  });

  test('sends no token when there is none, and the namespace that was given', async () => {
    const { asked } = await runAgainst(script, ['operator', 'seal', '-namespace=team'], {
      env: { VAULT_TOKEN: '', VAULT_NAMESPACE: 'other' },
    });
    expect(asked[0]?.headers).not.toHaveProperty('x-vault-token');
    expect(asked[0]?.headers['x-vault-namespace']).toBe('team');
  });

  test.each([
    [{ VAULT_TOKEN: 'a\nX-Evil: b' }, 'The token (VAULT_TOKEN, or ~/.vault-token) holds characters that no token has\n'],
    [{ VAULT_NAMESPACE: 'a\nb' }, 'The namespace holds characters that no header can hold\n'],
  ])('sends nothing that would end a header: %j', async (env, err) => {
    expect(await runAgainst(script, ['operator', 'seal'], { env })).toMatchObject({ code: 1, err, asked: [] });
  });

  test('goes through a Unix socket', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'strongroom-cli-'));
    try {
      expect(await runAgainst(script, ['operator', 'seal'], { socket: join(directory, 's') })).toMatchObject({ code: 0 });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('an answer that is not JSON is an error without its text', async () => {
    const { code, err } = await runAgainst({ 'PUT /v1/sys/seal': [502, '<html>secret</html>'] }, ['operator', 'seal']);
    expect([code, err]).toEqual([2, 'the server did not answer in JSON\n']);
  });
});

describe('the command line', () => {
  test.each([[[]], [['-h']], [['kv', '--help']]])('%j shows the commands', async (args) => {
    const { code, out } = await runAgainst({}, args);
    expect(code).toBe(0);
    expect(out).toContain('kv put [-mount=M]');
  });

  test.each([[['nonsense']], [['kv', 'nonsense']], [['operator']]])('%j is a local error that shows them', async (args) => {
    expect(await runAgainst({}, args)).toMatchObject({ code: 1, out: '' });
  });

  test('kv get -h explains itself', async () => {
    expect((await runAgainst({}, ['kv', 'get', '-h'])).out).toContain('Usage: strongroom kv get');
  });

  test.each([['version'], ['-v'], ['--version']])('%s is our own', async (word) => {
    expect((await runAgainst({}, [word])).out).toMatch(/^Strongroom v\d+\.\d+\.\d+\n$/);
  });
});

test('operator members is a table of nodes, step-down a request', async () => {
  const script: Script = {
    'GET /v1/sys/ha-status': [
      200,
      '{"data":{"nodes":[{"hostname":"h","api_address":"https://a","cluster_address":"","active_node":true,"last_echo":null,"version":"1.15.6"}]}}',
    ],
    'PUT /v1/sys/step-down': [204, ''],
  };
  const { out } = await runAgainst(script, ['operator', 'members']);
  expect(
    out
      .split('\n')
      .map((line) => line.split(/ {2,}/))
      .filter((_, line) => line !== 1),
  ).toEqual([
    ['Host Name', 'API Address', 'Cluster Address', 'Active Node', 'Version', 'Last Echo'],
    ['h', 'https://a', 'n/a', 'true', '1.15.6', 'n/a'],
    [''],
  ]);
  expect(await runAgainst(script, ['operator', 'step-down'])).toMatchObject({ code: 0, out: 'Success! Stepped down\n' });
});
