/** Every operation of every route, told from the route tables: who is refused, which verbs are, and that nothing is left out. */
import { verbs, type Verb } from '@strongroom/sdk-plugin';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RawAnswer } from '../harness/client.ts';
import type { TestServer } from '../harness/server.ts';
import { hostRoutes, type KnownRoute, pluginRoutes, reportCoverage } from './coverage.ts';
import { expectStatus, startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
let powerless: string;
beforeAll(async () => {
  server = await startWireServer();
  await expectStatus(server, { method: 'POST', path: 'sys/mounts/old', body: { type: 'kv-v1' } }, 204);
  powerless = await tokenWith(server, 'powerless', 'path "nothing/here" { capabilities = ["read"] }', { no_default_policy: true });
});
afterAll(() => server.destroy());

const methods: Readonly<Record<Verb, readonly string[]>> = {
  create: [],
  read: ['GET'],
  update: ['POST', 'PUT'],
  patch: ['PATCH'],
  delete: ['DELETE'],
  list: ['LIST', 'GET ?list=true', 'GET ?list=True', 'GET ?list=1'],
  scan: ['SCAN', 'GET ?scan=true'],
};

interface Operation {
  readonly route: KnownRoute;
  readonly verb: Verb;
  readonly method: string;
  readonly path: string;
}

const all: readonly [string, KnownRoute][] = [
  ...Object.entries(hostRoutes),
  ...Object.entries(pluginRoutes).flatMap(([mount, routes]) =>
    Object.entries(routes).map(([template, route]): [string, KnownRoute] => [template === '' ? mount : `${mount}/${template}`, route]),
  ),
];

/** The operations that are, or are not, in the tables. */
function operations(declared: boolean): Operation[] {
  return all.flatMap(([template, route]) =>
    verbs.flatMap((verb) =>
      (route.verbs[verb] !== undefined) === declared
        ? methods[verb].map((form) => {
            const [method = '', query = ''] = form.split(' ');
            return { route, verb, method, path: template.replace(/\{\w+\+?\}/g, 'some-name') + query };
          })
        : [],
    ),
  );
}

function send({ method, path, verb }: Operation, token: string | undefined): Promise<RawAnswer> {
  return server.send({ method, path, token, ...(verb === 'patch' ? { headers: { 'Content-Type': 'application/merge-patch+json' } } : {}) });
}

test('no operation but the public ones answers without a token, with an unknown one, or with one that has no right to it', async () => {
  const open: string[] = [];
  for (const operation of operations(true)) {
    if (operation.route.access === 'public') continue;
    for (const token of [undefined, 'hvs.unknown0000000000000000', powerless]) {
      const { status, json } = await send(operation, token);
      // A token that is sent to be unwrapped is not the caller's right but what the request is about.
      const about = token?.startsWith('hvs.unknown') === true && /^sys\/wrapping\/(un|re)wrap$/.test(operation.path);
      const expected = about ? { status: 400, text: /wrapping token is not valid/ } : { status: 403, text: /permission denied/ };
      if (status !== expected.status || !expected.text.test((json as { errors: string[] }).errors[0] ?? ''))
        open.push(`${operation.method} ${operation.path} with ${token ?? 'none'}: ${status}`);
    }
  }
  expect(open).toEqual([]);
});

test('a right to everything but sudo is refused where sudo is needed', async () => {
  const token = await tokenWith(server, 'no-sudo', 'path "*" { capabilities = ["create", "read", "update", "patch", "delete", "list"] }');
  const sudo = operations(true).filter(({ route }) => route.access === 'sudo');
  expect(sudo.length).toBeGreaterThan(5);
  for (const operation of sudo) expect([operation.path, (await send(operation, token)).status]).toEqual([operation.path, 403]);
});

test('a verb that a path does not have is answered 405', async () => {
  const wrong: string[] = [];
  for (const operation of operations(false)) {
    const { status, text } = await send(operation, server.rootToken);
    const expected = '{"errors":["1 error occurred:\\n\\t* unsupported operation\\n\\n"]}';
    if (status !== 405 || text.trim() !== expected) wrong.push(`${operation.method} ${operation.path}: ${status} ${text}`);
  }
  expect(wrong).toEqual([]);
});

test('every operation refuses a namespace that is not there', async () => {
  for (const operation of operations(true)) {
    const type = operation.verb === 'patch' ? { 'Content-Type': 'application/merge-patch+json' } : undefined;
    const { method, path } = operation;
    const namespaced = await server.send({ method, path, headers: { ...type, 'X-Vault-Namespace': 'team' } });
    expect([method, path, namespaced.status]).toEqual([method, path, 404]);
  }
});
