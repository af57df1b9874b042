/** `auth/token/roles` and `auth/token/create/:role`. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RawAnswer } from '../harness/client.ts';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { callTo, startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
let creator: string;
let powerless: string;
let roles = 0;
let role: string;
beforeAll(async () => {
  server = await startWireServer();
  creator = await tokenWith(server, 'creator', 'path "auth/token/create/*" { capabilities = ["update"] }');
  powerless = await tokenWith(server, 'powerless', '# nothing');
  for (const name of ['dev', 'ops', 'ops-night']) await tokenWith(server, name, '# nothing');
});
afterAll(() => server.destroy());
beforeEach(() => {
  role = `role-${++roles}`;
});

const call = callTo(() => server);

async function write(fields: object): Promise<void> {
  const { status, text } = await call('POST', `auth/token/roles/${role}`, fields);
  if (status !== 204) throw new Error(text);
}

const create = (fields: object = {}, token = creator): Promise<RawAnswer> => call('POST', `auth/token/create/${role}`, fields, token);
const lookup = async (token: string): Promise<object> =>
  (await call('GET', 'auth/token/lookup-self', undefined, token)).json.data as object;

describe('a role', () => {
  const nothingSet = {
    allowed_entity_aliases: [],
    allowed_policies: [],
    allowed_policies_glob: [],
    disallowed_policies: [],
    disallowed_policies_glob: [],
    explicit_max_ttl: 0,
    orphan: false,
    path_suffix: '',
    period: 0,
    renewable: true,
    token_explicit_max_ttl: 0,
    token_no_default_policy: false,
    token_period: 0,
    token_type: 'default-service',
  };

  test('is written, read, changed in part, listed and deleted', async () => {
    const path = `auth/token/roles/${role}`;
    expect(await call('GET', path)).toMatchObject({ status: 404, json: { errors: [] } });
    expect((await call('PUT', path)).status).toBe(204);
    expect((await call('GET', path)).json.data).toEqual({ ...nothingSet, name: role });
    const fields = {
      allowed_policies: 'Ops,dev',
      allowed_policies_glob: ['team-*'],
      disallowed_policies: ['secret'],
      disallowed_policies_glob: '*-admin',
      orphan: true,
      renewable: false,
      path_suffix: 'v2',
      allowed_entity_aliases: ['Bob', 'svc-*'],
      token_bound_cidrs: '10.0.0.0/8,127.0.0.1',
      token_explicit_max_ttl: '2h',
      token_no_default_policy: true,
      token_num_uses: 7,
      token_period: 600,
      token_type: 'service',
    };
    expect((await call('POST', path, fields)).status).toBe(204);
    expect((await call('POST', path, { orphan: false, token_type: '' })).status).toBe(204);
    expect((await call('GET', path)).json.data).toEqual({
      ...nothingSet,
      name: role,
      allowed_policies: ['dev', 'ops'],
      allowed_policies_glob: ['team-*'],
      disallowed_policies: ['secret'],
      disallowed_policies_glob: ['*-admin'],
      renewable: false,
      path_suffix: 'v2',
      allowed_entity_aliases: ['bob', 'svc-*'],
      token_bound_cidrs: ['10.0.0.0/8', '127.0.0.1/32'],
      token_explicit_max_ttl: 7200,
      token_no_default_policy: true,
      token_num_uses: 7,
      token_period: 600,
    });
    expect((await call('LIST', 'auth/token/roles')).json.data.keys).toContain(role);
    expect((await call('GET', 'auth/token/roles?list=true')).json.data.keys).toContain(role);
    expect((await call('GET', 'auth/token/roles/?list=true&limit=1')).json.data.keys).toHaveLength(1);
    expect((await call('DELETE', path)).status).toBe(204);
    expect((await call('DELETE', path)).status).toBe(204);
    expect((await call('GET', path)).status).toBe(404);
  });

  test('none of them: the list is 404', async () => {
    const { data } = (await call('LIST', 'auth/token/roles')).json as { data?: { keys: readonly string[] } };
    for (const name of data?.keys ?? []) await call('DELETE', `auth/token/roles/${name}`);
    expect(await call('LIST', 'auth/token/roles')).toMatchObject({ status: 404, json: { errors: [] } });
  });

  test('shows the old names of fields where they were written, until the new ones are', async () => {
    const path = `auth/token/roles/${role}`;
    await write({ explicit_max_ttl: '1h', period: 60, bound_cidrs: '127.0.0.1' });
    expect((await call('GET', path)).json.data).toMatchObject({
      explicit_max_ttl: 3600,
      token_explicit_max_ttl: 3600,
      period: 60,
      token_period: 60,
      bound_cidrs: ['127.0.0.1/32'],
      token_bound_cidrs: ['127.0.0.1/32'],
    });
    await write({ token_period: 90, token_bound_cidrs: '::1' });
    const { data } = (await call('GET', path)).json;
    expect(data).toMatchObject({ period: 0, token_period: 90, explicit_max_ttl: 3600, token_bound_cidrs: ['::1/128'] });
    expect(data).not.toHaveProperty('bound_cidrs');
  });

  test.each([
    [{ token_type: 'batch' }, "'token_type' cannot be 'batch' when role is set to generate renewable tokens"],
    [{ token_type: 'batch', renewable: false, token_period: 60 }, 'periodic tokens'],
    [{ token_type: 'batch', renewable: false, explicit_max_ttl: 60 }, 'tokens with an explicit max TTL'],
    [{ token_type: 'batch', renewable: false, token_num_uses: 1 }, 'tokens with limited use count'],
    [{ token_type: 'eternal' }, 'field token_type'],
    [{ path_suffix: '../up' }, 'field path_suffix'],
    [{ allowed_policies: ['a/b'] }, 'policy name'],
    [{ allowed_policies_glob: ['x'.repeat(257)] }, 'field allowed_policies_glob: an entry must have 1 to 256 characters'],
    [{ disallowed_policies: Array.from({ length: 1025 }, (_, n) => `p${n}`) }, 'field disallowed_policies: at most 1024 entries'],
    [{ token_num_uses: -1 }, 'field token_num_uses'],
    [{ token_period: 'soon' }, 'field token_period'],
    [{ token_bound_cidrs: ['10.0.0.0/33'] }, 'field token_bound_cidrs'],
  ])('that cannot be is 400 and not written: %j', async (fields, text) => {
    const { status, json } = await call('POST', `auth/token/roles/${role}`, fields);
    expect([status, json.errors[0]]).toEqual([400, expect.stringContaining(text)]);
    expect((await call('GET', `auth/token/roles/${role}`)).status).toBe(404);
  });

  test("is nobody else's business", async () => {
    await write({});
    const statuses = await Promise.all([
      call('GET', `auth/token/roles/${role}`, undefined, powerless),
      call('POST', `auth/token/roles/${role}`, {}, powerless),
      call('DELETE', `auth/token/roles/${role}`, undefined, powerless),
      call('LIST', 'auth/token/roles', undefined, powerless),
      create({}, powerless),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
    for (const method of ['GET', 'POST', 'DELETE']) expect((await call(method, 'auth/token/roles/-x')).status).toBe(400);
  });

  test("beyond the system's maximum is written with a warning", async () => {
    const { status, json } = await call('POST', `auth/token/roles/${role}`, { token_explicit_max_ttl: '9000h' });
    expect([status, json.warnings[0]]).toEqual([
      200,
      expect.stringContaining('Given explicit max TTL of 32400000 is greater than system/mount allowed value'),
    ]);
  });
});

describe('a token of a role', () => {
  test('carries its name and path, and what it says', async () => {
    await write({
      orphan: true,
      renewable: false,
      path_suffix: 'v2',
      token_num_uses: 9,
      token_period: 600,
      token_explicit_max_ttl: '1h',
      token_bound_cidrs: '127.0.0.1',
    });
    const { json } = await call('PUT', `auth/token/create/${role}`, { num_uses: 20, explicit_max_ttl: '2h', renewable: true }, creator);
    expect(json.auth).toMatchObject({ orphan: true, renewable: false, num_uses: 9, lease_duration: 600, policies: ['creator', 'default'] });
    expect(json.warnings).toEqual([
      'Explicit max TTL specified both during creation call and in role; using the lesser value of 3600 seconds',
    ]);
    expect(await lookup(json.auth.client_token as string)).toMatchObject({
      role,
      path: `auth/token/create/${role}/v2`,
      orphan: true,
      period: 600,
      explicit_max_ttl: 3600,
      bound_cidrs: ['127.0.0.1/32'],
    });
    expect((await create({ num_uses: 3, no_parent: true })).json.auth).toMatchObject({ num_uses: 3 });
  });

  test('of an unknown role is 400', async () => {
    expect(await create()).toMatchObject({ status: 400, json: { errors: [`unknown role ${role}`] } });
  });

  test('is not made from elsewhere', async () => {
    await write({ token_bound_cidrs: '10.9.9.9' });
    const { client_token: token } = (await create()).json.auth as { client_token: string };
    expect((await call('GET', 'auth/token/lookup-self', undefined, token)).status).toBe(403);
  });

  test.each<[fields: object, asked: object, expected: readonly string[] | string]>([
    [{}, {}, ['creator', 'default']],
    [{}, { policies: ['default'] }, ['default']],
    [{}, { policies: ['dev'] }, 'child policies must be subset of parent'],
    [{ allowed_policies: 'dev,ops' }, {}, ['default', 'dev', 'ops']],
    [{ allowed_policies: 'dev,ops' }, { policies: 'dev' }, ['default', 'dev']],
    [{ allowed_policies: 'dev,ops' }, { policies: 'DEV', no_default_policy: true }, ['dev']],
    [{ allowed_policies: 'dev,ops', token_no_default_policy: true }, { policies: 'dev' }, ['dev']],
    [
      { allowed_policies: 'dev' },
      { policies: 'dev,ops' },
      `must be subset of the role's allowed policies (["default" "dev"]) or glob policies ([])`,
    ],
    [{ allowed_policies: 'dev' }, { policies: 'creator' }, 'must be subset of the role'],
    [{ allowed_policies_glob: 'ops*' }, { policies: 'ops-night' }, ['default', 'ops-night']],
    [{ allowed_policies_glob: 'ops*' }, { policies: 'dev-ops' }, 'must be subset of the role'],
    [{ allowed_policies_glob: 'ops*' }, {}, ['default']],
    [{ allowed_policies_glob: 'o*-n*t', allowed_policies: 'dev' }, { policies: 'dev,ops-night' }, ['default', 'dev', 'ops-night']],
    [{ disallowed_policies: 'ops' }, {}, ['creator', 'default']],
    [{ disallowed_policies: 'ops' }, { policies: 'dev' }, ['default', 'dev']],
    [{ disallowed_policies: 'ops' }, { policies: 'dev,ops' }, 'token policy "ops" is disallowed by this role'],
    [{ disallowed_policies_glob: '*-night' }, { policies: 'ops-night' }, 'token policy "ops-night" is disallowed by this role'],
    [{ disallowed_policies: 'default' }, { policies: 'dev' }, ['dev']],
    [{ allowed_policies: 'dev', disallowed_policies: 'dev' }, {}, 'token policy "dev" is disallowed by this role'],
    [{ allowed_policies_glob: '*' }, { policies: 'root' }, 'root tokens may not be created without parent token being root'],
    [{}, { period: '1h' }, 'root or sudo privileges required to create periodic token'],
    [{}, { id: 'mine' }, 'root or sudo privileges required to specify token id'],
  ])('of %j, asked for with %j, has the policies %j', async (fields, asked, expected) => {
    await write(fields);
    const { status, json } = await create(asked);
    if (typeof expected === 'string') expect([status, json.errors[0]]).toEqual([400, expect.stringContaining(expected)]);
    else expect(json.auth.policies).toEqual(expected);
  });

  test.each([
    ['default-service', undefined, 'service'],
    ['default-service', 'batch', 'batch'],
    ['default-batch', undefined, 'batch'],
    ['default-batch', 'service', 'service'],
    ['service', 'batch', 'service'],
    ['batch', 'service', 'batch'],
  ])('of type %s, asked for as %s, is a %s token', async (said, asked, expected) => {
    await write({ token_type: said, renewable: false });
    const { auth } = (await create(asked === undefined ? {} : { type: asked })).json as {
      auth: { token_type: string; client_token: string };
    };
    expect(auth.token_type).toBe(expected);
    expect(await lookup(auth.client_token)).toMatchObject({ type: expected, role, path: `auth/token/create/${role}` });
  });

  test("that is a batch token keeps to the role's explicit maximum, and has no limited uses", async () => {
    await write({ token_explicit_max_ttl: 60, token_period: 30 });
    expect((await create({ type: 'batch' })).json.auth).toMatchObject({ lease_duration: 60 });
    await write({ token_num_uses: 5 });
    expect((await create({ type: 'batch' })).json.errors[0]).toContain('batch tokens cannot have "num_uses" set');
  });

  test('is renewed by the role as it is then, and not without it; its explicit maximum stays', async () => {
    await write({ token_period: '10m', token_explicit_max_ttl: '1h' });
    const { client_token: token } = (await create()).json.auth as { client_token: string };
    await write({ token_period: '20m', token_explicit_max_ttl: '9h' });
    expect((await call('POST', 'auth/token/renew-self', {}, token)).json.auth.lease_duration).toBe(1200);
    await write({ token_period: '5h' });
    expect((await call('POST', 'auth/token/renew-self', {}, token)).json.auth.lease_duration).toBeLessThanOrEqual(3600);
    await call('DELETE', `auth/token/roles/${role}`);
    expect(await call('POST', 'auth/token/renew-self', {}, token)).toMatchObject({
      status: 400,
      json: { errors: [`original token role "${role}" could not be found, not renewing`] },
    });
  });

  test('takes an entity alias only where the role allows it', async () => {
    await write({ allowed_entity_aliases: 'Bob,svc-*' });
    expect((await create({ entity_alias: 'eve' })).json.errors[0]).toBe("invalid 'entity_alias' value");
    for (const alias of ['bob', 'SVC-1']) expect((await create({ entity_alias: alias })).json.auth.entity_id).toMatch(/^[0-9a-f-]{36}$/);
    expect((await create({ entity_alias: '' })).json.auth.entity_id).toBe('');
  });
});
