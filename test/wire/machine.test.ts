/** What operators ask of the running process, and the settings that they change while it runs. */
import { createHash } from 'node:crypto';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RawAnswer } from '../harness/client.ts';
import type { TestServer } from '../harness/server.ts';
import { noteAnswer, reportCoverage } from './coverage.ts';
import { startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
let stranger: string;
beforeAll(async () => {
  server = await startWireServer();
  stranger = await tokenWith(server, 'stranger', 'path "secret/*" { capabilities = ["read"] }');
});
afterAll(() => server.destroy());

function call(
  method: string,
  path: string,
  body?: unknown,
  token: string = server.rootToken,
  headers: Record<string, string> = {},
): Promise<RawAnswer> {
  return server.send({ method, path, token, headers, ...(body === undefined ? {} : { body }) });
}

describe('the process', () => {
  test('tells of its machine', async () => {
    const { data } = (await call('GET', 'sys/host-info')).json;
    expect(Object.keys(data).sort()).toEqual(['cpu', 'cpu_times', 'disk', 'host', 'memory', 'timestamp']);
    expect(data.cpu_times).toHaveLength(data.cpu.length);
    expect(data.memory.total).toBeGreaterThan(data.memory.available);
    expect(data.disk[0].total).toBeGreaterThan(0);
  });

  test('shows the requests under way, this one among them, without an envelope', async () => {
    const { json } = await call('GET', 'sys/in-flight-req');
    const [[id, request] = []] = Object.entries(json as Record<string, unknown>);
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(request).toEqual({
      start_time: expect.stringMatching(/Z$/),
      duration: expect.stringMatching(/^\d+ms$/),
      client_remote_address: '127.0.0.1',
      request_path: '/v1/sys/in-flight-req',
      request_method: 'GET',
    });
    expect(Object.keys((await call('GET', 'sys/in-flight-req')).json)).toHaveLength(1);
  });

  test('remembers which versions have opened the storage', async () => {
    for (const [method, query] of [
      ['LIST', ''],
      ['GET', '?list=true'],
    ] as const) {
      const { data } = (await call(method, `sys/version-history${query}`)).json;
      expect(data.keys).toHaveLength(1);
      expect(data.key_info[data.keys[0]]).toMatchObject({ previous_version: null, timestamp_installed: expect.stringMatching(/Z$/) });
    }
  });

  test('has one node, which leads', async () => {
    const { json } = await call('GET', 'sys/ha-status');
    expect(json.nodes).toEqual(json.data.nodes);
    expect(json.nodes).toMatchObject([{ active_node: true, last_echo: null }]);
    expect((await call('PUT', 'sys/step-down')).status).toBe(204);
    expect((await server.send({ method: 'GET', path: 'sys/replication/status', token: undefined })).json.data).toEqual({
      mode: 'disabled',
    });
  });

  test('shows its config without anything that could be a secret', async () => {
    const { data } = (await call('GET', 'sys/config/state/sanitized')).json;
    expect(data).toMatchObject({
      storage: { type: 'file' },
      seals: [{ type: 'static' }],
      listeners: [{ type: 'tcp', config: { address: `127.0.0.1:${server.port}`, tls_disable: true } }],
      mounts: [{ path: 'secret/', type: 'kv' }],
      log_level: 'info',
    });
    expect(JSON.stringify(data)).not.toContain('seal.key');
  });

  test('logs at the level it is told to, until that is taken back', async () => {
    expect((await call('GET', 'sys/loggers')).json.data).toEqual({ core: 'info' });
    expect((await call('POST', 'sys/loggers', { level: 'debug' })).status).toBe(204);
    expect((await call('GET', 'sys/loggers/core')).json.data).toEqual({ core: 'debug' });
    expect((await call('PUT', 'sys/loggers/core', { level: 'warning' })).status).toBe(204);
    expect((await call('GET', 'sys/loggers')).json.data).toEqual({ core: 'warn' });
    expect((await call('DELETE', 'sys/loggers/core')).status).toBe(204);
    expect((await call('GET', 'sys/loggers')).json.data).toEqual({ core: 'info' });
    await call('POST', 'sys/loggers', { level: 'error' });
    expect((await call('DELETE', 'sys/loggers')).status).toBe(204);
    expect((await call('GET', 'sys/loggers')).json.data).toEqual({ core: 'info' });
    expect((await call('POST', 'sys/loggers', { level: 'loud' })).json.errors[0]).toContain('field level');
    for (const method of ['GET', 'POST', 'DELETE']) expect((await call(method, 'sys/loggers/none', { level: 'info' })).status).toBe(404);
  });
});

describe('the log is watched', () => {
  /** Reads lines until one says it, or the answer ends. */
  async function watch(
    query: string,
    act: () => void,
    until: string,
  ): Promise<{ readonly lines: readonly string[]; readonly ended: boolean }> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { 'X-Vault-Token': server.rootToken };
      requestHttp({ port: server.port, path: `/v1/sys/monitor${query}`, headers }, resolve)
        .on('error', reject)
        .end();
    });
    expect(response.statusCode).toBe(200);
    noteAnswer({ method: 'GET', path: 'sys/monitor' }, { status: 200, headers: {}, text: '', json: null });
    act();
    let text = '';
    for await (const chunk of response) {
      text += String(chunk);
      if (!text.includes(until)) continue;
      response.destroy();
      return { lines: text.trimEnd().split('\n'), ended: false };
    }
    return { lines: text.trimEnd().split('\n'), ended: true };
  }

  test.each([
    ['', /^\d{4}-\d\d-\d\dT.* info +reloaded$/],
    ['?log_format=json&log_level=debug', /^\{"level":30,.*"msg":"reloaded"\}$/],
  ])('as it comes (%s)', async (query, line) => {
    const { lines } = await watch(query, () => server.signal('SIGHUP'), 'reloaded');
    expect(lines.at(-1)).toMatch(line);
  });

  test('until the server seals', async () => {
    await call('GET', 'sys/monitor?log_format=none').then(({ status }) => expect(status).toBe(400));
    await call('GET', 'sys/monitor', undefined, stranger).then(({ status }) => expect(status).toBe(403));
    const { ended } = await watch('?log_level=error', () => void server.kill('SIGTERM'), 'never');
    expect(ended).toBe(true);
    await server.ended();
    await server.restart();
  });
});

describe('tools', () => {
  test.each([
    ['random', {}, 32],
    ['random/64', {}, 64],
    ['random/platform', {}, 32],
    ['random/all/16', {}, 16],
    ['random', { bytes: '24' }, 24],
    ['random/131072', {}, 131_072],
  ])('%s of %j gives %d bytes', async (path, body, bytes) => {
    const made = await call('POST', `sys/tools/${path}`, body);
    expect(Buffer.from(made.json.data.random_bytes as string, 'base64')).toHaveLength(bytes);
    const hex = await call('PUT', `sys/tools/${path}`, { ...body, format: 'hex' });
    expect(hex.json.data.random_bytes).toMatch(/^[0-9a-f]+$/);
    expect(hex.json.data.random_bytes).toHaveLength(bytes * 2);
  });

  test.each(['sha2-224', 'sha2-256', 'sha2-384', 'sha2-512', 'sha3-224', 'sha3-256', 'sha3-384', 'sha3-512'])(
    'hash by %s',
    async (name) => {
      const sum = createHash(name.replace('sha2-', 'sha')).update('hello');
      const input = Buffer.from('hello').toString('base64');
      expect((await call('POST', `sys/tools/hash/${name}`, { input })).json.data.sum).toBe(sum.copy().digest('hex'));
      expect((await call('PUT', 'sys/tools/hash', { input, algorithm: name, format: 'base64' })).json.data.sum).toBe(sum.digest('base64'));
    },
  );

  test.each([
    ['random/0', {}, 'field bytes: must be from 1 to 131072'],
    ['random/131073', {}, 'field bytes: must be from 1 to 131072'],
    ['random/x', {}, 'field bytes'],
    ['random', { bytes: 0 }, 'field bytes'],
    ['random', { source: 'dice' }, 'field source'],
    ['random', { format: 'octal' }, 'field format'],
    ['hash', {}, 'missing required field input'],
    ['hash', { input: 'not base64' }, 'field input: must be base64'],
    ['hash/md5', { input: '' }, 'field algorithm'],
  ])('%s of %j is refused', async (path, body, text) => {
    const refused = await call('POST', `sys/tools/${path}`, body);
    expect(refused.status).toBe(400);
    expect(refused.json.errors[0]).toContain(text);
  });
});

describe('cross-origin settings', () => {
  const asked = (origin: string): Promise<RawAnswer> => call('GET', 'sys/loggers', undefined, server.rootToken, { Origin: origin });

  test('are in force as soon as they are written, and after a restart', async () => {
    expect((await call('GET', 'sys/config/cors')).json).toMatchObject({ enabled: false, data: { enabled: false } });
    const written = await call('PUT', 'sys/config/cors', {
      allowed_origins: 'https://a.example,http://b.example:8080',
      allowed_headers: ['X-Own'],
    });
    expect(written.status).toBe(204);
    for (const when of ['at once', 'after a restart']) {
      const { data } = (await call('GET', 'sys/config/cors')).json;
      expect([when, data.enabled, data.allowed_origins]).toEqual([when, true, ['https://a.example', 'http://b.example:8080']]);
      expect(data.allowed_headers).toContain('X-Own');
      expect((await asked('https://a.example')).headers['access-control-allow-origin']).toBe('https://a.example');
      expect((await asked('https://c.example')).status).toBe(403);
      await server.kill('SIGTERM');
      await server.restart();
    }
    expect((await call('DELETE', 'sys/config/cors')).status).toBe(204);
    expect((await asked('https://c.example')).status).toBe(200);
    expect((await call('GET', 'sys/config/cors')).json.data).toEqual({ enabled: false });
  });

  test.each([
    [{}, 'field allowed_origins: at least one'],
    [{ allowed_origins: 'nowhere' }, 'field allowed_origins: each must be'],
    [{ allowed_origins: 'https://a.example/path' }, 'field allowed_origins: each must be'],
    [{ allowed_origins: ['*', 'https://a.example'] }, '* stands alone'],
    [{ allowed_origins: '*', allowed_headers: ['X Y'] }, 'field allowed_headers'],
  ])('%j are refused', async (body, text) => {
    const refused = await call('POST', 'sys/config/cors', body);
    expect(refused.status).toBe(400);
    expect(refused.json.errors[0]).toContain(text);
    expect((await call('GET', 'sys/config/cors')).json.data).toEqual({ enabled: false });
  });
});

describe('headers in the audit', () => {
  const at = 'sys/config/auditing/request-headers';

  test('are shown once they are named, in clear only where that is asked for', async () => {
    expect((await call('POST', `${at}/X-Team`, {})).status).toBe(204);
    expect((await call('PUT', `${at}/X-Ticket`, { hmac: true })).status).toBe(204);
    expect((await call('GET', at)).json).toMatchObject({ headers: { 'x-team': { hmac: false }, 'x-ticket': { hmac: true } } });
    expect((await call('GET', `${at}/X-Team`)).json.data).toEqual({ 'X-Team': { hmac: false } });
    await call('GET', 'secret/data/headed', undefined, server.rootToken, { 'X-Team': 'blue', 'X-Ticket': 'T-1', 'X-Other': 'o' });
    const line = server.auditLines().findLast(({ type, request }) => type === 'request' && request.path === 'secret/data/headed');
    expect(line.request.headers).toEqual({ 'x-team': ['blue'], 'x-ticket': [expect.stringMatching(/^hmac-sha256:/)] });
    for (const name of ['X-Team', 'x-ticket', 'x-ticket']) expect((await call('DELETE', `${at}/${name}`)).status).toBe(204);
    expect((await call('GET', at)).json.headers).toEqual({});
    expect((await call('GET', `${at}/X-Team`)).status).toBe(400);
  });

  test.each(['X-Vault-Token', 'authorization', 'Cookie', 'bad%20name'])('%s is refused', async (name) => {
    expect((await call('POST', `${at}/${name}`, {})).status).toBe(400);
  });
});

test.each([
  ['GET', 'sys/host-info'],
  ['GET', 'sys/in-flight-req'],
  ['LIST', 'sys/version-history'],
  ['GET', 'sys/ha-status'],
  ['PUT', 'sys/step-down'],
  ['GET', 'sys/config/state/sanitized'],
  ['GET', 'sys/loggers'],
  ['POST', 'sys/loggers'],
  ['DELETE', 'sys/loggers'],
  ['GET', 'sys/loggers/core'],
  ['POST', 'sys/loggers/core'],
  ['DELETE', 'sys/loggers/core'],
  ['POST', 'sys/tools/random'],
  ['POST', 'sys/tools/random/8'],
  ['GET', 'sys/config/cors'],
  ['POST', 'sys/config/cors'],
  ['DELETE', 'sys/config/cors'],
  ['GET', 'sys/config/auditing/request-headers'],
  ['GET', 'sys/config/auditing/request-headers/x'],
  ['POST', 'sys/config/auditing/request-headers/x'],
  ['DELETE', 'sys/config/auditing/request-headers/x'],
])('%s %s is nothing for a stranger', async (method, path) => {
  const body = method === 'POST' ? { level: 'error', allowed_origins: '*', input: '' } : undefined;
  expect((await call(method, path, body, stranger)).status).toBe(403);
});

test('of replication nothing else is asked', async () => {
  expect((await call('GET', 'sys/replication/status', '{')).status).toBe(400);
});
