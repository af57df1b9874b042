/** Password policies as clients see them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { callTo, startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.destroy());

const at = 'sys/policies/password';
const policy = 'length = 24\nrule "charset" { charset = "abcdef" }\nrule "charset" { charset = "0123456789" min-chars = 2 }\n';

const call = callTo(() => server);

test('a policy is written, listed, read, used and deleted', async () => {
  expect(await call('LIST', at)).toMatchObject({ status: 404, json: { errors: [] } });
  expect((await call('POST', `${at}/Web`, { policy })).status).toBe(204);
  expect((await call('PUT', `${at}/encoded`, { policy: Buffer.from(policy).toString('base64') })).status).toBe(204);
  for (const [method, query] of [
    ['LIST', ''],
    ['GET', '?list=true'],
  ] as const)
    expect((await call(method, `${at}${query}`)).json.data.keys).toEqual(['encoded', 'web']);
  expect((await call('GET', `${at}/encoded`)).json.data).toEqual({ policy });
  expect((await call('GET', `${at}/web/generate`)).json.data.password).toMatch(/^[a-f0-9]{24}$/);
  for (const name of ['web', 'encoded', 'encoded']) expect((await call('DELETE', `${at}/${name}`)).status).toBe(204);
  expect(await call('GET', `${at}/web`)).toMatchObject({ status: 404, json: { errors: [] } });
  expect(await call('GET', `${at}/web/generate`)).toMatchObject({ status: 404, json: { errors: ['policy does not exist'] } });
});

test.each([
  [{}, 'missing required field policy'],
  [{ policy: 'length = 2' }, 'length must be from 4 to 100'],
  [{ policy: 'length = 20\nrule "charset" {' }, 'line 2'],
])('%j is refused', async (body, text) => {
  const refused = await call('POST', `${at}/bad`, body);
  expect(refused.status).toBe(400);
  expect(refused.json.errors[0]).toContain(text);
  expect((await call('GET', `${at}/bad`)).status).toBe(404);
});

test('nobody without rights gets there', async () => {
  await call('POST', `${at}/web`, { policy });
  const token = await tokenWith(server, 'stranger', 'path "secret/*" { capabilities = ["read"] }');
  for (const [method, path] of [
    ['LIST', at],
    ['GET', `${at}/web`],
    ['POST', `${at}/web`],
    ['DELETE', `${at}/web`],
    ['GET', `${at}/web/generate`],
  ] as const)
    expect((await call(method, path, method === 'POST' ? { policy } : undefined, token)).status).toBe(403);
});
