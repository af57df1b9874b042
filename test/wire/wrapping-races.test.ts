/** Two hundred at once for one wrapping token: one gets the answer, and all are in the audit. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RawAnswer, RawRequest } from '../harness/client.ts';
import { scale } from '../harness/scale.ts';
import type { TestServer } from '../harness/server.ts';
import { startWireServer } from './wire-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.destroy());

type Way = (token: string) => RawRequest;
const unwrap = 'sys/wrapping/unwrap';
const ways: Readonly<Record<string, Way>> = {
  'unwrap as the caller': (token) => ({ method: 'POST', path: unwrap, token }),
  'unwrap in the body': (token) => ({ method: 'PUT', path: unwrap, token: server.rootToken, body: { token } }),
  rewrap: (token) => ({ method: 'POST', path: 'sys/wrapping/rewrap', token: server.rootToken, body: { token } }),
  'cubbyhole/response': (token) => ({ method: 'GET', path: 'cubbyhole/response', token }),
};
const mixes: Readonly<Record<string, readonly Way[]>> = {
  ...Object.fromEntries(Object.entries(ways).map(([name, way]) => [name, [way]])),
  'all mixed': Object.values(ways),
};

async function wrapped(value: string): Promise<string> {
  const { json } = await server.send({ method: 'POST', path: 'sys/wrapping/wrap', headers: { 'X-Vault-Wrap-TTL': '5m' }, body: { value } });
  return json.wrap_info.token as string;
}

/** Sends all at once, on connections of their own. */
async function atOnce(requests: readonly RawRequest[]): Promise<readonly RawAnswer[]> {
  const connections = requests.map(() => server.connect());
  const answers = await Promise.all(connections.map((connection, index) => connection.send(requests[index]!)));
  for (const connection of connections) connection.close();
  return answers;
}

test.each(Object.keys(mixes))('of two hundred at once, %s, exactly one wins and the others get a 4xx', async (name) => {
  for (let round = 0; round < 2 * scale; round++) {
    const token = await wrapped(`race ${round}`);
    const mix = mixes[name] ?? [];
    const answers = await atOnce(Array.from({ length: 200 }, (_, index) => (mix[index % mix.length] as Way)(token)));
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect(answers.filter(({ status }) => status !== 200 && (status < 400 || status >= 500)).map(({ status }) => status)).toEqual([]);
    const again = won[0]?.json.wrap_info?.token as string | undefined;
    const last = again === undefined ? won[0] : await server.send({ method: 'POST', path: unwrap, token: again });
    expect(last?.text).toContain(`race ${round}`);
  }
});

test('every winner and every loser has left both its records', () => {
  const seen = new Map<string, string>();
  for (const { type, request } of server.auditLines()) {
    if (request === undefined || !/^(sys\/wrapping|cubbyhole)/.test(request.path as string)) continue;
    const id = request.id as string;
    seen.set(id, `${seen.get(id) ?? ''}${type} `);
  }
  expect(seen.size).toBeGreaterThan(2000);
  const lacking = [...seen.values()].filter((kinds) => !/request .*response $/.test(kinds));
  expect(lacking).toEqual([]);
});
