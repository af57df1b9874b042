import { expect, test } from 'vitest';
import type { AuditRequest, AuditResponse } from './entry.ts';
import { auditHmac } from './hmac.ts';
import { auditSerializer } from './serializer.ts';

const hmac = auditHmac(new Uint8Array(32).fill(1));
const time = Date.UTC(2026, 10, 21, 10, 44, 7, 123);

const request: AuditRequest = {
  id: 'req-1',
  operation: 'update',
  path: 'secret/data/app',
  clientToken: 'canary-token',
  clientTokenAccessor: 'canary-accessor',
  mount: { type: 'kv', point: 'secret/', class: 'secret', accessor: 'kv_1', version: '2.0.0' },
  data: { kind: 'json', text: '{"data":{"password":"canary-password","pin":77778888},"options":{"cas":1}}' },
  remoteAddress: '127.0.0.1',
  remotePort: 40_000,
  wrapTtl: 60,
  headers: new Map([['x-forwarded-for', ['canary-header']]]),
  policyOverride: false,
};

const auth = {
  clientToken: 'canary-token',
  accessor: 'canary-accessor',
  displayName: 'token-app',
  policies: ['default', 'app'],
  tokenPolicies: ['default', 'app'],
  metadata: new Map([
    ['role', 'canary-role'],
    ['__proto__', 'canary-proto'],
  ]),
  entityId: 'e-1',
  tokenType: 'service' as const,
  tokenTtl: 3600,
  tokenIssueTime: '2026-11-21T10:00:00.000Z',
  remainingUses: 3,
};

const response: AuditResponse = {
  data: { kind: 'json', text: '{"version":4,"key":"canary-key"}' },
  auth: { ...auth, clientToken: 'canary-new-token', accessor: 'canary-new-accessor' },
  leaseId: 'database/creds/r/1',
  wrapInfo: {
    token: 'canary-wrap',
    accessor: 'canary-wrap-accessor',
    ttl: 60,
    creationTime: 'T',
    creationPath: 'p',
    wrappedAccessor: 'canary-wrapped',
  },
  warnings: ['careful'],
  redirect: 'https://canary-redirect/',
  headers: new Map([['x-out', ['canary-out']]]),
};

test("a request entry has Vault's shape: names, ids and policies clear, values hashed", () => {
  const text = auditSerializer({ hmac });
  const parts = {
    time,
    auth: text.auth(auth),
    policyResults: { allowed: true, grantingPolicies: ['app'] },
    request: text.request(request),
    error: 'permission denied',
  };
  expect(JSON.parse(text.requestEntry(parts))).toEqual({
    time: '2026-11-21T10:44:07.123Z',
    type: 'request',
    auth: {
      client_token: hmac('canary-token'),
      accessor: hmac('canary-accessor'),
      display_name: 'token-app',
      policies: ['default', 'app'],
      token_policies: ['default', 'app'],
      metadata: JSON.parse(`{"role":"${hmac('canary-role')}","__proto__":"${hmac('canary-proto')}"}`) as unknown,
      entity_id: 'e-1',
      remaining_uses: 3,
      token_issue_time: '2026-11-21T10:00:00.000Z',
      token_ttl: 3600,
      token_type: 'service',
      policy_results: { allowed: true, granting_policies: [{ name: 'app', namespace_id: 'root', type: 'acl' }] },
    },
    request: {
      id: 'req-1',
      operation: 'update',
      mount_type: 'kv',
      mount_point: 'secret/',
      mount_class: 'secret',
      mount_accessor: 'kv_1',
      mount_running_version: '2.0.0',
      client_token: hmac('canary-token'),
      client_token_accessor: hmac('canary-accessor'),
      namespace: { id: 'root' },
      path: 'secret/data/app',
      data: { data: { password: hmac('canary-password'), pin: hmac('77778888') }, options: { cas: hmac('1') } },
      policy_override: false,
      remote_address: '127.0.0.1',
      remote_port: 40_000,
      wrap_ttl: 60,
      headers: { 'x-forwarded-for': [hmac('canary-header')] },
    },
    error: 'permission denied',
  });
});

test('a response entry repeats the request and hashes what was answered', () => {
  const text = auditSerializer({ hmac });
  const entry: unknown = JSON.parse(
    text.responseEntry({ time, request: text.request(request) }, response, { type: 'kv', point: 'secret/', class: 'secret' }),
  );
  expect(entry).toMatchObject({
    type: 'response',
    request: { id: 'req-1' },
    response: {
      mount_type: 'kv',
      data: { version: hmac('4'), key: hmac('canary-key') },
      auth: { client_token: hmac('canary-new-token') },
      secret: { lease_id: 'database/creds/r/1' },
      wrap_info: { token: hmac('canary-wrap'), accessor: hmac('canary-wrap-accessor'), ttl: 60, wrapped_accessor: hmac('canary-wrapped') },
      warnings: ['careful'],
      redirect: hmac('https://canary-redirect/'),
    },
  });
  expect(entry).not.toHaveProperty('auth');
});

test('no secret of a request or answer is in any line', () => {
  const text = auditSerializer({ hmac });
  for (const data of [
    request.data,
    { kind: 'raw', body: '{"broken":"canary-broken' },
    { kind: 'raw', body: Buffer.from('canary-bytes') },
    { kind: 'json', text: '{"a":"canary-json' },
  ] as const) {
    const parts = { time, auth: text.auth(auth), request: text.request({ ...request, ...(data ? { data } : {}) }) };
    const answer = { ...response, ...(data ? { data } : {}) };
    for (const line of [text.requestEntry(parts), text.responseEntry(parts, answer)]) {
      expect(line).not.toMatch(/canary|7777/u);
      expect(line).not.toContain('\n');
      expect(() => void JSON.parse(line)).not.toThrow();
    }
  }
});

test('clear texts are escaped, so that no name can begin a line of its own', () => {
  const text = auditSerializer({ hmac });
  const line = text.requestEntry({
    time,
    request: text.request({ id: '1', operation: 'read', path: 'a"\n{"seq":1}\u2028' }),
    error: '"\n',
  });
  expect(line).not.toContain('\n');
  expect(JSON.parse(line)).toMatchObject({ request: { path: 'a"\n{"seq":1}\u2028' }, error: '"\n' });
});

test('a ready fragment and a ready token give the same line as what they were made of', () => {
  const text = auditSerializer({ hmac });
  const { clientToken, clientTokenAccessor, ...rest } = request;
  expect(text.request({ ...rest, token: text.token(clientToken ?? '', clientTokenAccessor) })).toBe(text.request(request));
  const data = { kind: 'json', text: '{"a":"b"}' } as const;
  const parts = { time, request: text.request(rest) };
  expect(text.responseEntry(parts, { data: { kind: 'fragment', fragment: text.fragment(data) } })).toBe(
    text.responseEntry(parts, { data }),
  );
});

test('accessors, metadata, headers and keys stay clear where the operator says so', () => {
  const text = auditSerializer({ hmac, hmacAccessor: false, clearMetadata: new Set(['role']), clearHeaders: new Set(['x-forwarded-for']) });
  expect(JSON.parse(text.auth(auth))).toMatchObject({
    accessor: 'canary-accessor',
    metadata: { role: 'canary-role' },
    client_token: hmac('canary-token'),
  });
  const data = { kind: 'json', text: '{"open":"o","shut":"s"}', clearKeys: new Set(['open']) } as const;
  expect(JSON.parse(text.request({ ...request, data }))).toMatchObject({
    headers: { 'x-forwarded-for': ['canary-header'] },
    client_token_accessor: 'canary-accessor',
    data: { open: 'o', shut: hmac('s') },
  });
});
