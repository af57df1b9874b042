/** What the server says of its API: help of a path, and an OpenAPI document. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { RawAnswer } from '../harness/client.ts';
import type { TestServer } from '../harness/server.ts';
import { hostRoutes, pluginRoutes, reportCoverage } from './coverage.ts';
import { expectStatus, startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
let reader: string;
beforeAll(async () => {
  server = await startWireServer();
  await expectStatus(server, { method: 'POST', path: 'sys/mounts/old', body: { type: 'kv-v1' } }, 204);
  reader = await tokenWith(server, 'reader', 'path "secret/data/x" { capabilities = ["read"] }');
});
afterAll(() => server.destroy());

/** @param token null: none */
function get(path: string, token: string | null = server.rootToken): Promise<RawAnswer> {
  return server.send({ method: 'GET', path, token: token ?? undefined });
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

async function specification(query = '', token: string | null = server.rootToken): Promise<Document> {
  return (await get(`sys/internal/specs/openapi${query}`, token)).json as Document;
}

describe('the OpenAPI document', () => {
  test.each(['', '?generic_mount_paths=true'])('is valid (%s)', async (query) => {
    const document = await specification(query);
    const result = await new Validator().validate({ ...document });
    expect(result).toEqual({ valid: true });
  });

  test('has every operation of every route, the host’s own and those of plugins, and no other', async () => {
    const { paths } = await specification();
    const methods = { read: 'get', create: 'post', update: 'post', patch: 'patch', delete: 'delete' } as const;
    const expected = new Set<string>();
    const note = (template: string, verbs: object): void => {
      const path = `/${template.replaceAll('+}', '}')}`.replace(/\/$/, '');
      for (const verb of Object.keys(verbs)) {
        if (verb === 'list') expected.add(`get ${path}/`);
        else if (verb !== 'scan') expected.add(`${methods[verb as keyof typeof methods]} ${path}`);
      }
    };
    for (const [template, { verbs }] of Object.entries(hostRoutes)) note(template, verbs);
    for (const [mount, routes] of Object.entries(pluginRoutes))
      for (const [template, { verbs }] of Object.entries(routes)) note(`${mount}/${template}`, verbs);
    const found = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((key) => ['get', 'post', 'patch', 'delete'].includes(key))
        .map((method) => `${method} ${path}`),
    );
    expect(found.toSorted()).toEqual([...expected].toSorted());
  });

  test('says what a generator needs: parameters, bodies, sudo, what is open, what tells create from update', async () => {
    const { paths, components } = await specification();
    expect(paths['/sys/mounts/{path}/tune']).toMatchObject({
      parameters: [{ name: 'path', in: 'path', required: true }],
      post: {
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/SysMountsPathTuneWriteRequest' } } } },
      },
    });
    expect(components.schemas['SysMountsPathTuneWriteRequest']).toMatchObject({
      type: 'object',
      properties: { max_lease_ttl: { type: 'string' } },
    });
    expect(paths['/sys/seal']).toMatchObject({ 'x-vault-sudo': true });
    expect(paths['/sys/health']).toMatchObject({ 'x-vault-unauthenticated': true });
    expect(paths['/secret/data/{path}']).toMatchObject({
      'x-vault-createSupported': true,
      patch: { requestBody: { content: { 'application/merge-patch+json': {} } } },
    });
    expect(paths['/auth/token/accessors/']).toMatchObject({
      get: { parameters: expect.arrayContaining([expect.objectContaining({ name: 'list', schema: { type: 'string', enum: ['true'] } })]) },
    });
    const ids = Object.values(paths).flatMap((item) =>
      Object.values(item).flatMap((one) => (one as { operationId?: string }).operationId ?? []),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('shows a caller the mounts that they may use, and nobody those of others', async () => {
    expect(Object.keys((await specification('', reader)).paths).filter((path) => /^\/(secret|old|auth\/userpass)\//.test(path))).toEqual(
      Object.keys((await specification()).paths).filter((path) => path.startsWith('/secret/')),
    );
    expect(Object.keys((await specification('', null)).paths).some((path) => path.startsWith('/secret'))).toBe(false);
    const posted = await server.send({ method: 'POST', path: 'sys/internal/specs/openapi', body: {} });
    expect(posted.json.openapi).toBe('3.0.2');
    for (const method of ['GET', 'POST'])
      expect(
        (
          await server.send({
            method,
            path: 'sys/internal/specs/openapi?generic_mount_paths=maybe',
            ...(method === 'POST' ? { body: { generic_mount_paths: 'maybe' } } : {}),
          })
        ).status,
      ).toBe(400);
  });

  test('has mounts as parameters where that is asked for', async () => {
    const { paths } = await specification('?generic_mount_paths=true');
    expect(paths['/{kv_mount_path}/data/{path}']).toMatchObject({
      parameters: [{ name: 'kv_mount_path', schema: { default: 'secret' } }, { name: 'path' }],
    });
    expect(paths['/auth/{userpass_mount_path}/login/{username}']).toMatchObject({
      parameters: [{ name: 'userpass_mount_path' }, { name: 'username' }],
    });
  });
});

describe('help', () => {
  test.each([
    ['sys/mounts/some/path/tune', 'Read and change the settings of a mount', 'max_lease_ttl (string)'],
    ['secret/data/a/b', 'A versioned secret', '## PATCH'],
    ['secret', '## PATHS', 'metadata/{path+}'],
    ['sys', '## PATHS', 'sys/mounts/{path+}/tune'],
    ['auth/token', '## PATHS', 'auth/token/lookup-self'],
    ['auth/userpass/login/x', 'login', 'password'],
    ['secret/metadata', 'Secrets at the root of the mount', '## LIST'],
  ])('of %s', async (path, ...texts) => {
    const { status, json } = await get(`${path}?help=1`);
    expect(status).toBe(200);
    expect(Object.keys(json)).toEqual(['help', 'see_also', 'openapi']);
    for (const text of texts) expect(json.help).toContain(text);
    expect(json.openapi.openapi).toBe('3.0.2');
  });

  test('is for whoever holds a token, whatever it may do, and changes nothing', async () => {
    expect((await get('secret/data/never?help=1', reader)).status).toBe(200);
    expect((await get('secret/data/never?help=1', null)).status).toBe(403);
    expect((await get('secret/data/never?help=1', 'hvs.none')).status).toBe(403);
    expect((await get('secret/data/never?help=0')).json).toEqual({ errors: [] });
    expect((await get('sys/nothing?help=1')).status).toBe(404);
    expect((await get('nowhere?help=1')).status).toBe(404);
    const line = server.auditLines().findLast(({ type, request }) => type === 'response' && request.path === 'secret/data/never');
    expect(line).toBeDefined();
  });
});
