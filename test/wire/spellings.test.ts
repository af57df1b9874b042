/**
 * An allow on `x*` and an exact deny on `x`. Invariant: no spelling of x, under any verb, in any form of a listing, reaches x:
 * neither its value comes out nor does it change. Without HTTP, so that targets go in as they would stand in the request line.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startHost, type TestHost } from '../harness/host.ts';
import { methods, spellingsOf } from './spellings.ts';
import { scale } from '../harness/scale.ts';

let host: TestHost;
let token: string;
const marker = 'the-value-of-x';
beforeAll(async () => {
  host = await startHost();
  const all = '["create","read","update","patch","delete","list","sudo"]';
  const policy = ['data', 'metadata', 'delete', 'undelete', 'destroy', 'subkeys', 'detailed-metadata']
    .map((kind) => `path "secret/${kind}/x*" { capabilities = ${all} }\npath "secret/${kind}/x" { capabilities = ["deny"] }`)
    .join('\n');
  await host.send('PUT', 'sys/policies/acl/all-but-x', { policy });
  token = (await host.send('POST', 'auth/token/create', { policies: ['all-but-x'] })).json.auth.client_token as string;
  await host.send('POST', 'secret/data/x', { data: { marker } });
  await host.send('POST', 'secret/data/x/below', { data: { a: 1 } });
});
afterAll(() => host.server.stop());

const state = async (): Promise<string> => {
  const { data } = (await host.send('GET', 'secret/metadata/x')).json;
  return JSON.stringify(data) + (await host.send('GET', 'secret/data/x')).text.includes(marker);
};

const kinds = ['data', 'metadata', 'delete', 'undelete', 'destroy', 'subkeys', 'detailed-metadata'];

async function expectUnreached(method: string, target: string): Promise<void> {
  const before = await state();
  const body =
    method === 'GET' || method === 'LIST' || method === 'SCAN' ? undefined : { data: { changed: 1 }, versions: [1], max_versions: 1 };
  const { text, status } = await host.send(method, target, body, token);
  expect([method, target, text.includes(marker)]).toEqual([method, target, false]);
  expect([method, target, await state()]).toEqual([method, target, before]);
  expect(status).not.toBe(500);
}

// oxlint-disable-next-line vitest/expect-expect -- each attempt expects
test('no spelling of a forbidden path reaches it under any verb', async () => {
  for (const kind of kinds)
    for (const spelling of spellingsOf('x', kind))
      for (const method of methods) await expectUnreached(method, `/v1/secret/${kind}/${spelling}`);
}, 120_000);

test('nor does one that is made up', async () => {
  const part = fc.constantFrom(
    'x',
    '/',
    '%',
    '2',
    'f',
    '%2f',
    '.',
    '..',
    '%2e',
    '\\',
    '%5c',
    '%78',
    '%00',
    '?',
    '=',
    'list',
    'true',
    ' ',
    'X',
    '\u0131',
    '~',
  );
  const target = fc
    .tuple(fc.constantFrom(...kinds), fc.array(part, { minLength: 1, maxLength: 6 }))
    .map(([kind, parts]) => `/v1/secret/${kind}/${parts.join('')}`);
  await fc.assert(fc.asyncProperty(fc.constantFrom(...methods), target, expectUnreached), { numRuns: 300 * scale, verbose: 1 });
}, 600_000);

test('the test would notice: the root token reaches x by the spellings that are x', async () => {
  for (const target of ['secret/data/x', 'secret/data/x/', 'secret/data/%78'])
    expect((await host.send('GET', target)).text).toContain(marker);
});

test('a listing is decided by the rule for its slash, however it is asked for', async () => {
  const policy =
    'path "secret/metadata/*" { capabilities = ["list"] }\npath "secret/metadata/a/" { capabilities = ["deny"] }\npath "secret/metadata/b" { capabilities = ["read"] }';
  await host.send('PUT', 'sys/policies/acl/slashes', { policy });
  for (const name of ['a/1', 'b/1', 'c/1']) await host.send('POST', `secret/data/${name}`, { data: {} });
  const lister = (await host.send('POST', 'auth/token/create', { policies: ['slashes'] })).json.auth.client_token as string;
  for (const form of ['LIST ', 'LIST /', 'GET ?list=true', 'GET /?list=true']) {
    const [method = '', end = ''] = form.split(' ');
    expect([form, (await host.send(method, `secret/metadata/a${end}`, undefined, lister)).status]).toEqual([form, 403]);
    expect([form, (await host.send(method, `secret/metadata/c${end}`, undefined, lister)).status]).toEqual([form, 200]);
  }
});
