/** The parts of the contract that KV has no need of, in both rooms. Invariant: no room can be told from the other. */
import { createHash, randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCatalog } from '../../core/runner/catalog.ts';
import { inEachRoom } from '../harness/components.ts';
import { startHost, type TestHost } from '../harness/host.ts';

describe.each(inEachRoom('notary', 'test/rooms/notary/index.ts'))('an engine in a %s', (_, entry) => {
  let host: TestHost;
  let logged = '';
  beforeAll(async () => {
    const log = pino({ level: 'info' }, { write: (line: string) => void (logged += line) });
    host = await startHost({ catalog: [...readCatalog(), await entry()], log });
    for (const path of ['a', 'b']) await host.send('POST', `sys/mounts/${path}`, { type: 'notary' });
  });
  afterAll(() => host.server.stop());

  const data = async (method: string, path: string, body?: unknown): Promise<Record<string, string>> => {
    const { status, json, text } = await host.send(method, path, body);
    expect([status, text]).toEqual([200, expect.anything()]);
    return json.data as Record<string, string>;
  };

  test('encrypts with a key that it never sees', async () => {
    expect(await data('POST', 'a/keys/k', {})).toEqual({ algorithm: { name: 'AES-GCM', length: 256 }, said: 'undefined' });
    const { sealed } = await data('POST', 'a/encrypt/k', { text: 'deed' });
    expect(await data('POST', 'a/decrypt/k', { sealed })).toEqual({ text: 'deed' });
    const forged = `${sealed!.slice(0, -1)}${sealed!.endsWith('0') ? '1' : '0'}`;
    expect(await host.send('POST', 'a/decrypt/k', { sealed: forged })).toMatchObject({
      status: 400,
      json: { errors: ['field sealed: forged'] },
    });
    expect((await host.send('GET', 'a/keys/k')).status).toBe(500);
    expect(logged).toContain('the key is not extractable');
  });

  test('exports what was made to be exported', async () => {
    const material = randomBytes(32).toString('hex');
    expect(await data('POST', 'a/keys/given', { material, extractable: true })).toMatchObject({ said: '<secret>' });
    expect(await data('GET', 'a/keys/given')).toEqual({ material });
    await data('POST', 'a/keys/made', { extractable: true });
    expect((await data('GET', 'a/keys/made'))['material']).toMatch(/^[0-9a-f]{64}$/);
  });

  test('can use no handle of another mount', async () => {
    await data('POST', 'b/keys/k', {});
    const { sealed } = await data('GET', 'b/lend/k');
    await data('POST', 'b/lend/k', { sealed });
    expect((await host.send('POST', 'a/lend/k', { sealed })).status).toBe(500);
  });

  test('signs', async () => {
    const digest = createHash('sha256').update('deed ä').digest('hex');
    expect(await data('POST', 'a/sign/ecdsa', {})).toEqual({ valid: true, digest });
    expect(await data('POST', 'a/sign/rsa', {})).toEqual({ valid: true, digest });
  });

  test('answers bytes without an envelope, cached or not, and the audit has their hash alone', async () => {
    const written = await host.send('POST', 'a/raw/x', { text: 'certificate' });
    expect([written.status, written.text, written.headers['content-type']]).toEqual([201, 'kept', 'application/octet-stream']);
    const hits = host.server.unsealed?.cache.hits ?? 0;
    for (let time = 0; time < 2; time++) {
      const read = await host.send('GET', 'a/raw/x');
      expect([read.status, read.text]).toEqual([200, 'certificate']);
      expect(read.headers).toMatchObject({ 'content-type': 'application/pkix-cert', etag: '"1"' });
    }
    expect(host.server.unsealed?.cache.hits).toBe(hits + 1);
    const lines = host.sink.lines.filter((line) => line.includes('"type":"response"') && line.includes('a/raw/x'));
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toMatch(/"data":\{[^}]*"hmac-sha256:/);
    expect(lines.join('')).not.toContain('certificate"');
  });

  test.each(['set-cookie', 'transfer-encoding', 'etag'])('can not set %s to what it likes', async (name) => {
    const { status, headers } = await host.send('DELETE', `a/raw/${name}`);
    expect([status, headers[name]]).toEqual([500, undefined]);
  });

  test('sees the headers that its mount lets through, and sets those that it allows', async () => {
    const sent = { 'x-asked': 'why', 'x-other': 'no', cookie: 'a=b', authorization: 'Basic abc' };
    const hear = (): ReturnType<TestHost['send']> => host.send('GET', 'a/heard', undefined, host.rootToken, sent);
    const before = await hear();
    expect(before.json.data).toEqual({});
    expect(before.headers).toMatchObject({ etag: '"2"' });
    expect(before.headers['x-heard']).toBeUndefined();

    const passthrough = ['X-Asked', 'Authorization', 'X-Absent'];
    await host.send('POST', 'sys/mounts/a/tune', { passthrough_request_headers: passthrough, allowed_response_headers: ['X-Heard'] });
    const tuned = await hear();
    expect(tuned.json.data).toEqual({ 'x-asked': 'why', authorization: 'Basic abc' });
    expect(tuned.headers).toMatchObject({ etag: '"2"', 'x-heard': 'why' });
    const bearer = { authorization: `Bearer ${host.rootToken}` };
    expect((await host.send('GET', 'a/heard', undefined, '', bearer)).json.data).toEqual({});

    await host.send('POST', 'a/raw/kept', { text: 'kept' });
    const kept = async (): Promise<string | undefined> => (await host.send('GET', 'a/raw/kept')).headers['x-kept'];
    expect([await kept(), await kept()]).toEqual([undefined, undefined]);
    await host.send('POST', 'sys/mounts/a/tune', { allowed_response_headers: ['x-kept'] });
    expect([await kept(), await kept()]).toEqual(['yes', 'yes']);
    await host.send('POST', 'sys/mounts/a/tune', { passthrough_request_headers: [], allowed_response_headers: [] });
    expect(await kept()).toBeUndefined();
    expect((await hear()).json.data).toEqual({});
    expect((await hear()).headers['x-heard']).toBeUndefined();
  });

  test.each(['data', 'log', 'error', 'text'])('does not let a secret get into %s by accident', async (where) => {
    const secret = `canary-${randomBytes(8).toString('hex')}`;
    const { status, text } = await host.send('POST', `a/leak/${where}`, { secret });
    expect(status).toBe(where === 'data' || where === 'error' ? 500 : 200);
    expect(text + logged + host.sink.lines.join('')).not.toContain(secret);
    if (where === 'log') expect(logged).toContain('the secret is <secret>');
  });
});
