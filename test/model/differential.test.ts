/**
 * Random histories on servers that differ only in what must not be seen: the cache on and off, memory and disk, thread and component.
 * Invariant: the same
 * answers and the same audit, but for request ids, accessors and hashes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCatalog } from '../../core/runner/catalog.ts';
import { ComponentSource } from '../../core/runner/component/prepare.ts';
import { openDirectory } from '../../core/system/store-directory.ts';
import { componentOf } from '../harness/components.ts';
import { type HostAnswer, startHost, type TestHost } from '../harness/host.ts';
import { scale, seed } from '../harness/scale.ts';

const base = mkdtempSync(join(tmpdir(), 'strongroom-differential-'));
/** The time of all of them; each history moves it. */
let now = Date.UTC(2026, 0, 1);
let hosts: readonly TestHost[] = [];
let histories = 0;
let wrapped = 0;
let unwrapped = 0;

beforeAll(async () => {
  const onDisk = (name: string): ReturnType<typeof openDirectory> =>
    openDirectory({
      directory: join(base, name),
      compactAtBytes: 65_536,
      onFatal: (error) => {
        throw error;
      },
    });
  const kv = await componentOf('plugins/kv/index.ts');
  const inComponent = readCatalog().map((entry) =>
    entry.name === 'kv' ? { ...entry, isolation: 'component' as const, component: new ComponentSource('kv', () => kv, 64) } : entry,
  );
  const wallClock = (): number => now;
  hosts = [
    await startHost({ wallClock }),
    await startHost({ wallClock, cacheBytes: 0 }),
    await startHost({ wallClock, directory: onDisk('cached') }),
    await startHost({ wallClock, directory: onDisk('plain'), cacheBytes: 0 }),
    await startHost({ wallClock, catalog: inComponent }),
    await startHost({ wallClock, catalog: inComponent, cacheBytes: 0 }),
  ];
});

afterAll(async () => {
  await Promise.all(hosts.map((host) => host.server.stop()));
  rmSync(base, { recursive: true });
});

interface Step {
  readonly method: string;
  /** `M` and `V` stand for the history's own mounts, `N` and `P` for its own names. */
  readonly path: string;
  readonly body?: unknown;
  /** Which of the history's tokens asks; 0 is root. */
  readonly token: number;
  readonly afterMs: number;
  readonly wrapTtl?: string;
}

const secret = fc.constantFrom('a', 'a', 'a', 'b', 'a/c');
const versions = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });
const token = fc.constantFrom(0, 0, 0, 0, 0, 1, 2);
const rules = fc.constantFrom(
  'path "M/data/a" { capabilities = ["read"] }',
  'path "M/data/a*" { capabilities = ["read", "update"] }',
  'path "M/*" { capabilities = ["read", "list", "create", "delete"] }\npath "M/data/b" { capabilities = ["deny"] }',
  'path "M/+/a/*" { capabilities = ["read"] }',
);

function request(method: string, path: fc.Arbitrary<string>, body: fc.Arbitrary<unknown> = fc.constant(undefined)): fc.Arbitrary<Step> {
  return fc.record({ method: fc.constant(method), path, body, token, afterMs: fc.constantFrom(0, 0, 1000, 40_000) });
}

function below(prefix: string, query: readonly string[] = ['']): fc.Arbitrary<string> {
  return fc.tuple(secret, fc.constantFrom(...query)).map(([name, end]) => `M/${prefix}/${name}${end}`);
}

const data = fc.record({ data: fc.dictionary(fc.constantFrom('k', 'l'), fc.constantFrom(1, 'x', null, [1.5], { deep: true })) });
const options = fc.record({ options: fc.record({ cas: fc.integer({ min: 0, max: 3 }) }) });
const written = fc.oneof(
  data,
  fc.tuple(data, options).map(([one, other]) => ({ ...one, ...other })),
);
const read = request('GET', below('data', ['', '', '', '?version=1', '?version=2', '?version=9']));

/** What the host serves itself, and an engine of another version. `P` stands for names that are the history's own as `N` does, `V` for its mount of version 1. */
const flat = fc.dictionary(fc.constantFrom('k', 'ttl', 'é'), fc.constantFrom<unknown>(1, '1h', 'x', null, [1.5], { deep: 1 }));
const own = fc.constantFrom('cubbyhole/a', 'cubbyhole/a', 'cubbyhole/a/b');
const old = fc.constantFrom('V/a', 'V/a', 'V/a/b', 'V/data/a');
const rate = fc.record({
  path: fc.constantFrom('M/', 'M/data/b', 'V/'),
  // So few in so long a time that what remains does not hang on how fast this runs.
  rate: fc.constantFrom(3, 100_000),
  interval: fc.constant('1h'),
});
const role = fc.record({
  allowed_policies: fc.constantFrom([], ['N1'], ['N1', 'N2']),
  orphan: fc.boolean(),
  renewable: fc.boolean(),
  token_ttl: fc.constantFrom(0, '1m'),
  token_type: fc.constantFrom('service', 'default-service'),
});
const passwords = fc.constantFrom(
  'length = 20\nrule "charset" { charset = "abc" }',
  'length = 3',
  'rule',
  'length = 12\nrule "charset" { charset = "ab" min-chars = 2 }',
);
const hostSteps: readonly { readonly weight: number; readonly arbitrary: fc.Arbitrary<Step> }[] = [
  { weight: 3, arbitrary: request('GET', fc.oneof(own, old)) },
  { weight: 3, arbitrary: request('POST', fc.oneof(own, old), flat) },
  { weight: 1, arbitrary: request('DELETE', fc.oneof(own, old)) },
  { weight: 1, arbitrary: request('LIST', fc.constantFrom('cubbyhole', 'cubbyhole/a', 'V', 'V/a/', 'V/data')) },
  { weight: 1, arbitrary: request('SCAN', fc.constantFrom('V', 'M/metadata')) },
  {
    weight: 1,
    arbitrary: request(
      'POST',
      fc.constant('sys/mounts/V'),
      fc.constantFrom({ type: 'kv' }, { type: 'kv', config: { default_lease_ttl: '30m' } }),
    ),
  },
  {
    weight: 1,
    arbitrary: request(
      'POST',
      fc.constantFrom('sys/mounts/V/tune', 'sys/mounts/M/tune'),
      fc.record({ default_lease_ttl: fc.constantFrom('1h', '2h'), description: fc.constantFrom('a', 'b') }),
    ),
  },
  {
    weight: 1,
    arbitrary: request(
      'GET',
      fc.constantFrom('sys/mounts/V/tune', 'sys/mounts/V', 'sys/internal/ui/mounts/V/a', 'sys/internal/ui/mounts/M'),
    ),
  },
  {
    weight: 1,
    arbitrary: request(
      'POST',
      fc.constant('sys/remount'),
      fc.constantFrom({ from: 'V', to: 'V/moved' }, { from: 'V', to: 'P1' }, { from: 'P1', to: 'V' }, { from: 'M', to: 'P1' }),
    ),
  },
  { weight: 1, arbitrary: request('GET', fc.constantFrom('P1/a', 'P1/data/a')) },
  { weight: 1, arbitrary: request('POST', fc.constant('auth/token/roles/P1'), role) },
  { weight: 1, arbitrary: request('GET', fc.constantFrom('auth/token/roles/P1', 'sys/quotas/rate-limit/P1', 'sys/policies/password/P1')) },
  {
    weight: 1,
    arbitrary: request('DELETE', fc.constantFrom('auth/token/roles/P1', 'sys/quotas/rate-limit/P1', 'sys/policies/password/P1')),
  },
  {
    weight: 1,
    arbitrary: request(
      'POST',
      fc.constant('auth/token/create/P1'),
      fc.constantFrom({ id: 'N1-token' }, { id: 'N2-token', policies: ['N2'] }),
    ),
  },
  { weight: 1, arbitrary: request('POST', fc.constant('sys/quotas/rate-limit/P1'), rate) },
  { weight: 1, arbitrary: request('POST', fc.constant('sys/policies/password/P1'), fc.record({ policy: passwords })) },
  {
    weight: 1,
    arbitrary: request(
      'POST',
      fc.constantFrom('sys/tools/hash', 'sys/tools/hash/sha2-512'),
      fc.constantFrom({ input: 'YWJj' }, { input: '!' }, { input: 'YWJj', format: 'base64' }),
    ),
  },
  {
    weight: 1,
    arbitrary: request(
      'POST',
      fc.constantFrom('auth/token/renew-self', 'auth/token/revoke-orphan', 'auth/token/lookup'),
      fc.constantFrom<object>({}, { token: 'N1-token' }, { token: 'N2-token', increment: '5m' }),
    ),
  },
  {
    weight: 1,
    arbitrary: request(
      'PUT',
      fc.constantFrom('sys/leases/lookup', 'sys/leases/renew', 'sys/leases/revoke'),
      fc.constant({ lease_id: 'M/nothing/x' }),
    ),
  },
];

/** Wrapped, looked up, unwrapped: `WRAPPED` stands for the newest wrapping token of the server. */
const byToken = fc.constant({ token: 'WRAPPED' });
const wrappingSteps: typeof hostSteps = [
  { weight: 2, arbitrary: request('POST', fc.constant('sys/wrapping/wrap'), flat).map((asked) => ({ ...asked, wrapTtl: '50s' })) },
  {
    weight: 2,
    arbitrary: request('GET', fc.constantFrom('M/data/a', 'V/a', 'cubbyhole/a')).map((asked) => ({ ...asked, wrapTtl: '10m' })),
  },
  { weight: 1, arbitrary: request('POST', fc.constant('sys/wrapping/lookup'), byToken) },
  { weight: 2, arbitrary: request('POST', fc.constantFrom('sys/wrapping/unwrap', 'sys/wrapping/unwrap', 'sys/wrapping/rewrap'), byToken) },
];

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 30, arbitrary: read },
  { weight: 5, arbitrary: request('POST', below('data'), written) },
  { weight: 1, arbitrary: request('PATCH', below('data'), data) },
  { weight: 1, arbitrary: request('DELETE', below('data')) },
  { weight: 1, arbitrary: request('POST', below('undelete'), fc.record({ versions })) },
  { weight: 1, arbitrary: request('POST', below('destroy'), fc.record({ versions })) },
  { weight: 1, arbitrary: request('DELETE', below('metadata')) },
  { weight: 2, arbitrary: request('GET', below('metadata')) },
  { weight: 1, arbitrary: request('GET', below('subkeys')) },
  { weight: 2, arbitrary: request('LIST', fc.constantFrom('M/metadata', 'M/metadata/a/', 'M/metadata/b')) },
  {
    weight: 1,
    arbitrary: request(
      'POST',
      below('metadata'),
      fc.record({ max_versions: fc.integer({ min: 1, max: 2 }), delete_version_after: fc.constantFrom('0s', '30s') }),
    ),
  },
  {
    weight: 1,
    arbitrary: request(
      'POST',
      fc.constant('M/config'),
      fc.record({ max_versions: fc.integer({ min: 0, max: 3 }), cas_required: fc.boolean() }),
    ),
  },
  {
    weight: 1,
    arbitrary: request('GET', fc.constantFrom('M/config', 'M/nothing', 'sys/mounts/M', 'sys/policies/acl/N1', 'sys/policies/acl/N2')),
  },
  { weight: 2, arbitrary: request('PUT', fc.constantFrom('sys/policies/acl/N1', 'sys/policies/acl/N2'), fc.record({ policy: rules })) },
  { weight: 1, arbitrary: request('DELETE', fc.constantFrom('sys/policies/acl/N1', 'sys/policies/acl/N2')) },
  {
    weight: 1,
    arbitrary: request(
      'POST',
      fc.constant('auth/token/create'),
      fc.constantFrom({ id: 'N1-token', policies: ['N1'], ttl: '2m' }, { id: 'N2-token', policies: ['N2'], num_uses: 4 }),
    ),
  },
  {
    weight: 1,
    arbitrary: request('POST', fc.constant('auth/token/revoke'), fc.constantFrom({ token: 'N1-token' }, { token: 'N2-token' })),
  },
  { weight: 1, arbitrary: request('GET', fc.constant('auth/token/lookup-self')) },
  { weight: 1, arbitrary: request('POST', fc.constant('sys/capabilities-self'), fc.constant({ paths: ['M/data/a', 'M/data/b'] })) },
  { weight: 1, arbitrary: request('DELETE', fc.constant('sys/mounts/M')) },
  { weight: 2, arbitrary: request('POST', fc.constant('sys/mounts/M'), fc.constant({ type: 'kv', options: { version: '2' } })) },
  ...wrappingSteps,
  ...hostSteps,
);

/** What may differ is replaced: ids, accessors, hashes. */
function normal(answer: HostAnswer): string {
  const text = answer.text.replaceAll(
    /"(request_id|accessor|wrapped_accessor|uuid|client_token|token|migration_id|signature)":"[^"]*"/g,
    '"$1":""',
  );
  return `${answer.status} ${text}`;
}

function normalLine(line: string): string {
  const {
    type,
    request: asked,
    error,
    auth,
  } = JSON.parse(line) as Record<string, Record<string, unknown> | string | undefined> & {
    readonly request?: Record<string, unknown>;
    readonly auth?: Record<string, unknown>;
  };
  return JSON.stringify([type, asked?.['operation'], asked?.['path'], error, auth?.['policies']]);
}

/** Plays a history on all of them in lockstep, since they share a clock that must not go back; gives each one's answers and audit. */
async function play(steps: readonly Step[], history: number): Promise<readonly (readonly string[])[]> {
  const named = (text: string): string =>
    text
      .replaceAll(/\bM\b/g, `mount-${history}`)
      .replaceAll(/\bV\b/g, `old-${history}`)
      .replaceAll(/\b[NP](?=[12])/g, `name-${history}-`);
  const wrapping = hosts.map(() => 'hvs.none-yet');
  const from = hosts.map(({ sink }) => sink.lines.length);
  const answers: string[][] = hosts.map(() => []);
  for (const { method, path, body, token: number, afterMs, wrapTtl } of steps) {
    now += afterMs;
    const sent = body === undefined ? undefined : named(JSON.stringify(body));
    for (const [index, host] of hosts.entries()) {
      const { rootToken } = host;
      const asker = number === 0 ? rootToken : named(`N${number}-token`);
      const headers = wrapTtl === undefined ? {} : { 'x-vault-wrap-ttl': wrapTtl };
      const answer = await host.send(method, named(path), sent?.replace('WRAPPED', wrapping[index] ?? ''), asker, headers);
      const info = answer.json?.wrap_info as { readonly token: string } | null | undefined;
      if (info) {
        wrapping[index] = info.token;
        wrapped++;
      }
      if (path === 'sys/wrapping/unwrap' && answer.status === 200) unwrapped++;
      answers[index]?.push(normal(answer).replaceAll(rootToken, 'root'));
      // An id is free again once nothing is left of the token that had it: not at some moment, but now.
      if (afterMs > 0 || path.startsWith('auth/token/')) await host.server.housekeeping?.sweep();
    }
  }
  return hosts.map(({ sink }, index) => [...(answers[index] ?? []), ...sink.lines.slice(from[index]).map(normalLine)]);
}

const oldFirst: Step = { method: 'POST', path: 'sys/mounts/V', body: { type: 'kv' }, token: 0, afterMs: 0 };
const mountFirst: Step = { method: 'POST', path: 'sys/mounts/M', body: { type: 'kv', options: { version: '2' } }, token: 0, afterMs: 0 };

/** So that some are unwrapped whatever the seed: few of those that a history wraps are the newest, and alive, when it unwraps. */
const wrapLast: readonly Step[] = [
  { method: 'POST', path: 'sys/wrapping/wrap', body: { k: 1 }, token: 0, afterMs: 0, wrapTtl: '50s' },
  { method: 'POST', path: 'sys/wrapping/unwrap', body: { token: 'WRAPPED' }, token: 0, afterMs: 0 },
];

test('a history is answered the same with and without the cache, from memory and from disk, by a thread and by a component', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 70, size: 'max' }), async (random) => {
      const outcomes = await play([mountFirst, oldFirst, ...random, ...wrapLast], ++histories);
      for (const outcome of outcomes.slice(1)) expect(outcome).toEqual(outcomes[0]);
    }),
    { numRuns: 40 * scale, seed },
  );
  expect([wrapped > 5, unwrapped > 0]).toEqual([true, true]);
  // The cache had something to say, and the components were asked.
  for (const { server } of hosts.slice(-2)) {
    const rooms = Object.keys(server.unsealed?.rooms.status() ?? {});
    expect(rooms).toContain('kv:component');
    expect(rooms).not.toContain('kv');
  }
  expect(hosts[0]?.server.unsealed?.cache.hits).toBeGreaterThan(20);
});
