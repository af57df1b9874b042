/** node-vault's commands for auth methods, tokens, their roles and wrapping: each, and what comes of it. */
import { expect } from 'vitest';
import { type Check, type Made, refused } from './context.ts';

/** By command, in the order they are run. */
export const tokenChecks: Readonly<Record<string, Check>> = {
  async auths(v) {
    expect(await v.auths()).toMatchObject({ 'token/': { type: 'token' }, data: { 'userpass/': { type: 'userpass' } } });
  },
  async enableAuth(v) {
    await v.enableAuth({ mount_point: 'people', type: 'userpass', description: 'by node-vault' });
    expect((await v.auths())['people/']).toMatchObject({ description: 'by node-vault' });
    await refused(v.enableAuth({ mount_point: 'people', type: 'userpass' }), 400, 'path is already in use');
  },
  async disableAuth(v) {
    await v.enableAuth({ mount_point: 'brief', type: 'userpass' });
    await v.disableAuth({ mount_point: 'brief' });
    expect(await v.auths()).not.toHaveProperty('brief/');
  },
  async userpassLogin(v, c) {
    await v.write('auth/userpass/users/alice', { password: 'correct horse', token_policies: 'default' });
    const person = c.client();
    expect(await person.userpassLogin({ username: 'alice', password: 'correct horse' })).toMatchObject({
      auth: { metadata: { username: 'alice' } },
    });
    expect(await person.tokenLookupSelf()).toMatchObject({ data: { path: 'auth/userpass/login/alice' } });
    await refused(c.client().userpassLogin({ username: 'alice', password: 'x' }), 400, 'invalid username or password');
  },
  async unwrap(v, c) {
    const wrap = async (): Promise<string> =>
      (await v.write('sys/wrapping/wrap', { k: 'v' }, { headers: { 'X-Vault-Wrap-TTL': '1m' } })).wrap_info.token as string;
    const given = await wrap();
    expect(await v.unwrap({ token: given })).toMatchObject({ data: { k: 'v' } });
    await refused(v.unwrap({ token: given }), 400, 'wrapping token is not valid or does not exist');
    expect(await c.client(await wrap()).unwrap()).toMatchObject({ data: { k: 'v' } });
  },
  async tokenAccessors(v, c) {
    const { accessor } = await c.token();
    expect((await v.tokenAccessors()).data.keys).toContain(accessor);
  },
  async tokenCreate(_, c) {
    const made = {
      policies: ['default'],
      ttl: '1h',
      explicit_max_ttl: '2h',
      display_name: 'x',
      num_uses: 5,
      meta: { a: 'b' },
      renewable: true,
    };
    expect(await c.client(c.rootToken).tokenCreate(made)).toMatchObject({
      auth: { lease_duration: 3600, num_uses: 5, metadata: { a: 'b' }, orphan: false },
    });
  },
  async tokenCreateOrphan(_, c) {
    expect(await c.client(c.rootToken).tokenCreateOrphan({ policies: ['default'] })).toMatchObject({ auth: { orphan: true } });
  },
  async addTokenRole(v) {
    await v.addTokenRole({
      role_name: 'night',
      allowed_policies: 'default',
      orphan: true,
      period: 3600,
      path_suffix: 'x',
      renewable: false,
    });
    expect(await v.getTokenRole({ role_name: 'night' })).toMatchObject({
      data: { name: 'night', allowed_policies: ['default'], orphan: true, renewable: false, path_suffix: 'x' },
    });
  },
  async tokenCreateRole(_, c) {
    expect(await c.client(c.rootToken).tokenCreateRole({ role_name: 'night', policies: ['default'] })).toMatchObject({
      auth: { orphan: true, renewable: false, lease_duration: 3600 },
    });
    await refused(c.client(c.rootToken).tokenCreateRole({ role_name: 'nobody', ttl: '1h' }), 400);
  },
  async getTokenRole(v) {
    await refused(v.getTokenRole({ role_name: 'nobody' }), 404);
  },
  async tokenRoles(v) {
    expect(await v.tokenRoles()).toMatchObject({ data: { keys: ['night'] } });
  },
  async removeTokenRole(v) {
    await v.removeTokenRole({ role_name: 'night' });
    await refused(v.getTokenRole({ role_name: 'night' }), 404);
  },
  async tokenLookup(v, c) {
    const made = await c.token();
    expect(await v.tokenLookup({ token: made.client_token })).toMatchObject({ data: { accessor: made.accessor, policies: ['default'] } });
    await refused(v.tokenLookup({ token: 'hvs.nobody' }), 403, 'bad token');
  },
  async tokenLookupAccessor(v, c) {
    expect(await v.tokenLookupAccessor({ accessor: (await c.token()).accessor })).toMatchObject({ data: { id: '' } });
    await refused(v.tokenLookupAccessor({ accessor: 'nobody' }), 400, 'invalid accessor');
  },
  async tokenLookupSelf(_, c) {
    const made = await c.token();
    expect(await c.lookup(made)).toMatchObject({ data: { id: made.client_token } });
    await refused(c.lookup({ client_token: 'hvs.nobody', accessor: '' }), 403, 'permission denied');
  },
  async tokenRenew(_, c) {
    const made = await c.token();
    expect(await c.client(c.rootToken).tokenRenew({ token: made.client_token, increment: 600 })).toMatchObject({
      auth: { lease_duration: 600 },
    });
    await refused(c.client(c.rootToken).tokenRenew({ token: 'hvs.nobody' }), 400, 'token not found');
  },
  async tokenRenewSelf(_, c) {
    expect(await c.client((await c.token()).client_token).tokenRenewSelf({ increment: '20m' })).toMatchObject({
      auth: { lease_duration: 1200 },
    });
  },
  async tokenRevoke(v, c) {
    const made = await c.token();
    await v.tokenRevoke({ token: made.client_token });
    await refused(c.lookup(made), 403);
  },
  async tokenRevokeAccessor(v, c) {
    const made = await c.token();
    await v.tokenRevokeAccessor({ accessor: made.accessor });
    await refused(c.lookup(made), 403);
  },
  async tokenRevokeOrphan(v, c) {
    const parent = await c.token({ policies: ['root'] });
    const { auth: child } = (await c.client(parent.client_token).tokenCreate({ policies: ['default'] })) as { auth: Made };
    await v.tokenRevokeOrphan({ token: parent.client_token });
    await refused(c.lookup(parent), 403);
    expect(await c.lookup(child)).toMatchObject({ data: { orphan: true } });
  },
  async tokenRevokeSelf(_, c) {
    const made = await c.token();
    await c.client(made.client_token).tokenRevokeSelf();
    await refused(c.lookup(made), 403);
  },
};
