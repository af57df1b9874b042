/** The contract of engines, on one that has keys: what is random in them is the same each time a call begins anew. */
import { TestMount } from '@strongroom/sdk-plugin/testing';
import { engineContract } from '@strongroom/sdk-plugin/testing/engine-contract';
import { expect, test } from 'vitest';
import notary from '../rooms/notary/index.ts';

engineContract(notary, {
  examples: [
    { verb: 'update', path: 'keys/k', input: { extractable: true } },
    { verb: 'update', path: 'keys/given', input: { extractable: true, material: '00'.repeat(32) } },
    { verb: 'read', path: 'keys/given', data: { material: '00'.repeat(32) } },
    { verb: 'update', path: 'encrypt/k', input: { text: 'deed' } },
    { verb: 'update', path: 'decrypt/k', input: { sealed: '00'.repeat(17) }, refused: 'invalid' },
    { verb: 'read', path: 'lend/k' },
    { verb: 'update', path: 'lend/k', input: { sealed: '' }, fails: true },
    { verb: 'update', path: 'sign/ecdsa' },
    { verb: 'update', path: 'raw/a', input: { text: 'bytes' } },
    { verb: 'read', path: 'raw/a' },
    { verb: 'delete', path: 'raw/link' },
    { verb: 'read', path: 'heard', data: {} },
    { verb: 'update', path: 'leak/text', input: { secret: 'x' }, data: { said: '<secret>' } },
  ],
});

test('replies are bytes and headers as they left the engine, and what no reply may be keeps nothing', async () => {
  const mount = new TestMount(notary);
  await mount.call('update', 'raw/a', { text: 'bytes' });
  const { raw, headers } = (await mount.call('read', 'raw/a')) ?? {};
  expect([Buffer.from(raw ?? []).toString(), headers?.['content-type']]).toEqual(['bytes', 'application/pkix-cert']);
  await expect(mount.call('delete', 'raw/etag')).rejects.toThrow('the engine set a header that it may not set');
});

test('two keys of one call are two keys', async () => {
  const mount = new TestMount(notary);
  for (const name of ['a', 'b']) await mount.call('update', `keys/${name}`, { extractable: true });
  const materials = await Promise.all(['a', 'b'].map((name) => mount.data('read', `keys/${name}`)));
  expect(materials[0]).not.toEqual(materials[1]);
});
