/** node-vault's commands for the server, its mounts, policies, audit and leases: each, and what comes of it. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Check, refused } from './context.ts';

/** By command, in the order they are run. */
export const operatorChecks: Readonly<Record<string, Check>> = {
  async status(v) {
    expect(await v.status()).toMatchObject({ sealed: false, t: 2, n: 3, type: 'shamir' });
  },
  async initialized(v) {
    expect(await v.initialized()).toEqual({ initialized: true });
  },
  async init(v) {
    await refused(v.init({ secret_shares: 1, secret_threshold: 1 }), 400, 'already initialized');
  },
  async seal(v, c) {
    expect(await v.seal()).toBe('');
    expect(await v.health({ sealedcode: 299 })).toMatchObject({ sealed: true });
    await refused(v.read('secret/data/x'), 503, 'Vault is sealed');
    await c.unseal(v);
  },
  async unseal(v, c) {
    await v.seal();
    expect(await v.unseal({ key: c.shares[2] })).toMatchObject({ sealed: true, progress: 1 });
    expect(await v.unseal({ reset: true })).toMatchObject({ progress: 0 });
    await refused(v.unseal({ key: 'no share' }), 400);
    await c.unseal(v);
    expect(await v.status()).toMatchObject({ sealed: false });
  },
  async health(v) {
    expect(await v.health()).toMatchObject({ initialized: true, sealed: false, standby: false });
  },
  async leader(v) {
    expect(await v.leader()).toMatchObject({ ha_enabled: false });
  },
  async stepDown(v) {
    expect(await v.stepDown()).toBe('');
  },
  async rotate(v) {
    const before = (await v.read('sys/key-status')).term as number;
    await v.rotate();
    expect(await v.read('sys/key-status')).toMatchObject({ term: before + 1 });
  },
  async generateRootInit(v) {
    expect(await v.generateRootInit({ otp: 'A'.repeat(28) })).toMatchObject({ started: true, otp_length: 28 });
    await refused(v.generateRootInit({ otp: 'A'.repeat(28) }), 400, 'already in progress');
    await v.generateRootCancel();
    await refused(v.generateRootInit({ otp: 'short' }), 400, 'OTP string has incorrect length');
  },
  async generateRootCancel(v) {
    expect(await v.generateRootInit({})).toMatchObject({ otp: expect.stringMatching(/^.{28}$/) });
    expect(await v.generateRootCancel()).toBe('');
    expect(await v.read('sys/generate-root/attempt')).toMatchObject({ started: false });
  },
  async generateRootUpdate(v, c) {
    const { nonce, otp } = (await v.generateRootInit({})) as { nonce: string; otp: string };
    expect(await v.generateRootUpdate({ key: c.shares[0], nonce })).toMatchObject({ progress: 1, complete: false });
    const { encoded_token: encoded } = (await v.generateRootUpdate({ key: c.shares[1], nonce })) as { encoded_token: string };
    const root = Buffer.from(encoded, 'base64').map((byte, i) => byte ^ otp.charCodeAt(i));
    expect(await c.client(Buffer.from(root).toString()).tokenLookupSelf()).toMatchObject({ data: { policies: ['root'] } });
  },
  async mounts(v) {
    expect(await v.mounts()).toMatchObject({ 'secret/': { type: 'kv' }, data: { 'secret/': { options: { version: '2' } } } });
  },
  async mount(v) {
    await v.mount({
      mount_point: 'made',
      type: 'kv',
      description: 'by node-vault',
      config: { default_lease_ttl: '1h' },
      options: { version: 1 },
    });
    expect((await v.mounts())['made/']).toMatchObject({ description: 'by node-vault', options: { version: '1' } });
    await refused(v.mount({ mount_point: 'made', type: 'kv' }), 400, 'path is already in use');
  },
  async remount(v) {
    await v.mount({ mount_point: 'from', type: 'kv' });
    await v.write('from/kept', { k: 'v' });
    await v.remount({ from: 'from', to: 'a/to' });
    expect(await v.read('a/to/kept')).toMatchObject({ data: { k: 'v' } });
    await v.unmount({ mount_point: 'a/to' });
  },
  async unmount(v) {
    await v.mount({ mount_point: 'brief', type: 'kv' });
    await v.unmount({ mount_point: 'brief' });
    await v.unmount({ mount_point: 'brief' });
    expect(await v.mounts()).not.toHaveProperty('brief/');
  },
  async policies(v) {
    expect(await v.policies()).toMatchObject({ policies: expect.arrayContaining(['default', 'root']), keys: expect.any(Array) });
  },
  async addPolicy(v, c) {
    const rules = 'path "secret/data/app" { capabilities = ["read"] }';
    await v.addPolicy({ name: 'app', rules });
    expect(await v.getPolicy({ name: 'app' })).toMatchObject({ name: 'app', rules });
    await refused(v.addPolicy({ name: 'app', rules: 'path {' }), 400);
    await refused(
      c.client((await c.token({ policies: ['app'] })).client_token).write('secret/data/app', { data: {} }),
      403,
      'permission denied',
    );
  },
  async getPolicy(v) {
    await refused(v.getPolicy({ name: 'none' }), 404);
  },
  async removePolicy(v) {
    await v.addPolicy({ name: 'brief', rules: 'path "x" { capabilities = ["read"] }' });
    await v.removePolicy({ name: 'brief' });
    await refused(v.getPolicy({ name: 'brief' }), 404);
  },
  async audits(v) {
    expect(await v.audits()).toMatchObject({ 'file/': { type: 'file' }, data: { 'file/': {} } });
  },
  async enableAudit(v, c) {
    await v.enableAudit({ name: 'second', type: 'file', options: { file_path: join(c.on.directory, 'second.log') } });
    expect(await v.audits()).toHaveProperty('second/');
    await refused(v.enableAudit({ name: 'third', type: 'socket' }), 400);
  },
  async disableAudit(v) {
    await v.disableAudit({ name: 'second' });
    expect(await v.audits()).not.toHaveProperty('second/');
  },
  async renew(v, c) {
    const { lease_id } = await c.issue();
    expect(await v.renew({ lease_id, increment: 600 })).toMatchObject({ lease_id, lease_duration: 600, renewable: true });
    await refused(v.renew({ lease_id: 'none' }), 400, 'lease not found');
  },
  async revoke(v, c) {
    const { lease_id } = await c.issue();
    await v.revoke({ lease_id });
    await refused(v.renew({ lease_id }), 400, 'lease not found');
  },
  async revokePrefix(v, c) {
    const { lease_id } = await c.issue();
    await v.revokePrefix({ path_prefix: 'keys/creds/app' });
    await refused(v.renew({ lease_id }), 400, 'lease not found');
  },
  async destroySecretVersions(v) {
    await v.write('secret/data/deep/one', { data: { k: 'v' } });
    await v.destroySecretVersions({ path: 'deep/one', versions: [1] });
    expect(await v.read('secret/metadata/deep/one')).toMatchObject({ data: { versions: { '1': { destroyed: true } } } });
  },
};
