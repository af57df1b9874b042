/**
 * An allow on `…/x*` and an exact deny on `…/x`, for what the host serves itself and for KV version 1. Invariant: as for KV version 2, no
 * spelling of x under any verb reaches x.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HostAnswer, startHost, type TestHost } from '../harness/host.ts';
import { methods, spellingsOf } from './spellings.ts';

let host: TestHost;
const marker = 'the-value-of-x';
beforeAll(async () => {
  host = await startHost();
  await host.send('POST', 'sys/mounts/old', { type: 'kv' });
});
afterAll(() => host.server.stop());

const all = '["create","read","update","patch","delete","list","scan","sudo"]';

async function tokenFor(policy: string, rules: string): Promise<string> {
  await host.send('PUT', `sys/policies/acl/${policy}`, { policy: rules });
  return (await host.send('POST', 'auth/token/create', { policies: [policy] })).json.auth.client_token as string;
}

/** What is protected. */
interface Protected {
  /** `…/`, with a name that is allowed beside it. */
  readonly parent: string;
  readonly name: string;
  /** Puts x there. @param token for whom it is */
  prepare(token: string): Promise<unknown>;
  /** What of x can be seen by those who may. */
  state(token: string): Promise<string>;
  body(): Promise<unknown>;
}

const text = ({ status, text: answer, json }: HostAnswer): string =>
  `${status} ${json?.data === undefined ? answer : JSON.stringify(json.data)}`;
const granted = (target: Protected, capabilities = all): string =>
  `path "${target.parent}${target.name}" { capabilities = ${capabilities} }`;
let wrapped = '';

const targets: Readonly<Record<string, Protected>> = {
  'KV version 1': {
    parent: 'old/',
    name: 'x',
    prepare: () => host.send('POST', 'old/x', { marker }),
    state: async () => text(await host.send('GET', 'old/x')),
    body: () => Promise.resolve({ changed: 1 }),
  },
  'KV version 1, below': {
    parent: 'old/data/',
    name: 'x',
    prepare: () => host.send('POST', 'old/data/x', { marker }),
    state: async () => text(await host.send('GET', 'old/data/x')),
    body: () => Promise.resolve({ data: { changed: 1 } }),
  },
  cubbyhole: {
    parent: 'cubbyhole/',
    name: 'x',
    prepare: (token) => host.send('POST', 'cubbyhole/x', { marker }, token),
    // Nobody else may look: the token is let in for a moment.
    state: async (token) => text(await host.send('GET', 'cubbyhole/x', undefined, token)),
    body: () => Promise.resolve({ changed: 1 }),
  },
  'sys/wrapping': {
    parent: 'sys/wrapping/',
    name: 'unwrap',
    prepare: async () => {
      wrapped = (await host.send('POST', 'sys/wrapping/wrap', { marker }, host.rootToken, { 'x-vault-wrap-ttl': '1h' })).json.wrap_info
        .token as string;
    },
    state: async () => (await host.send('POST', 'sys/wrapping/lookup', { token: wrapped })).json.data?.creation_path as string,
    body: () => Promise.resolve({ token: wrapped }),
  },
  'auth/token/roles': {
    parent: 'auth/token/roles/',
    name: 'x',
    prepare: () => host.send('POST', 'auth/token/roles/x', { path_suffix: marker }),
    state: async () => text(await host.send('GET', 'auth/token/roles/x')),
    body: () => Promise.resolve({ path_suffix: 'changed' }),
  },
  'sys/policies/acl': {
    parent: 'sys/policies/acl/',
    name: 'x',
    prepare: () => host.send('PUT', 'sys/policies/acl/x', { policy: `# ${marker}` }),
    state: async () => text(await host.send('GET', 'sys/policies/acl/x')),
    body: () => Promise.resolve({ policy: '# changed' }),
  },
  'sys/mounts': {
    parent: 'sys/mounts/',
    name: 'x',
    prepare: () => host.send('POST', 'sys/mounts/x', { type: 'kv', description: marker }),
    state: async () => text(await host.send('GET', 'sys/mounts/x')),
    body: () => Promise.resolve({ type: 'kv', description: 'changed' }),
  },
};

describe.each(Object.entries(targets))('%s', (title, target) => {
  test('no spelling of a forbidden name reaches it under any verb', async () => {
    const { parent, name } = target;
    const policy = title.replaceAll(/\W+/g, '-').toLowerCase();
    const beside = `path "${parent}${name}*" { capabilities = ${all} }\n`;
    const rulesWith = (capabilities: string): string => beside + granted(target, capabilities);
    const token = await tokenFor(policy, rulesWith(all));
    const seen = async (): Promise<string> => {
      if (parent !== 'cubbyhole/') return target.state(token);
      await host.send('PUT', `sys/policies/acl/${policy}`, { policy: rulesWith(all) });
      const state = await target.state(token);
      await host.send('PUT', `sys/policies/acl/${policy}`, { policy: rulesWith('["deny"]') });
      return state;
    };
    await target.prepare(token);
    await host.send('PUT', `sys/policies/acl/${policy}`, { policy: rulesWith('["deny"]') });
    const before = await seen();
    expect(before).toMatch(/^(200 .*the-value-of-x|sys\/wrapping\/wrap)/u);
    const body = await target.body();
    for (const spelling of spellingsOf(name, parent.split('/').at(-2) ?? '')) {
      for (const method of methods) {
        const asks = method === 'GET' || method === 'LIST' || method === 'SCAN';
        const answer = await host.send(method, `/v1/${parent}${spelling}`, asks ? undefined : body, token);
        expect([method, spelling, answer.text.includes(marker), answer.status === 500]).toEqual([method, spelling, false, false]);
      }
      expect([spelling, await seen()]).toEqual([spelling, before]);
    }
  }, 120_000);
});

describe.each([
  ['sys/policies/acl/', '', { policy: '# changed' }, { policy: '# the-value-of-x' }],
  ['sys/policy/', '', { policy: '# changed' }, { policy: '# the-value-of-x' }],
  ['sys/policies/password/', '', { policy: 'length = 21' }, { policy: 'length = 20 rule "charset" { charset = "abc" }' }],
  ['sys/policies/password/', '/generate', {}, { policy: 'length = 20 rule "charset" { charset = "abc" }' }],
  ['sys/config/auditing/request-headers/', '', { hmac: false }, { hmac: true }],
])('%s{name}%s, whose names have no case', (parent, rest, changed, there) => {
  test('a forbidden name is forbidden in every case', async () => {
    const path = `${parent}x-guarded`;
    await host.send('PUT', path, there);
    const before = text(await host.send('GET', path));
    expect(before).toMatch(/^200 /u);
    const rules = `path "${parent}*" { capabilities = ${all} }\npath "${path}${rest}" { capabilities = ["deny"] }`;
    const token = await tokenFor('letters', rules);
    for (const name of ['X-Guarded', 'x-guardeD', 'X-GUARDED']) {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
        const { status } = await host.send(method, `${parent}${name}${rest}`, method === 'GET' ? undefined : changed, token);
        expect([method, name, status]).toEqual([method, name, expect.toBeOneOf([403, 405])]);
      }
    }
    expect(text(await host.send('GET', path))).toBe(before);
  });
});
