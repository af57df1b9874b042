/** The hidden prompt of `operator unseal`, on a terminal: what is typed there is not shown. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasScript, OnTerminal } from '../harness/on-terminal.ts';
import { TestServer } from '../harness/server.ts';

describe.skipIf(!hasScript())('operator unseal asks', () => {
  let server: TestServer;
  let share: string;
  const prompt = 'Unseal Key (will be hidden): ';
  beforeAll(async () => {
    server = await TestServer.start({ config: { seal: { type: 'shamir' }, initialize: { auto: false } } });
    const made = await server.send({ method: 'PUT', path: 'sys/init', token: undefined, body: { secret_shares: 1, secret_threshold: 1 } });
    share = made.json.keys[0];
  });
  afterAll(() => server.destroy());

  const unseal = (...args: readonly string[]): OnTerminal =>
    new OnTerminal(['operator', 'unseal', ...args], { VAULT_ADDR: `http://127.0.0.1:${server.port}` });
  const sealed = async (): Promise<unknown> => (await server.send({ method: 'GET', path: 'sys/seal-status' })).json.sealed;

  test.each([
    ['Ctrl-C', () => `${share.slice(0, 10)}\u0003`],
    ['Ctrl-D', () => '\u0004'],
  ])('and sends nothing when the answer is %s', async (_, keys) => {
    const terminal = unseal();
    await terminal.type(prompt, keys());
    expect([await terminal.ended, terminal.shown]).toEqual([1, expect.stringMatching(/will be hidden\): .*Nothing was entered/s)]);
    expect(terminal.shown).not.toContain(share.slice(0, 10));
    expect(await sealed()).toBe(true);
  });

  test('and takes the share without showing it', async () => {
    const terminal = unseal();
    await terminal.type(prompt, `${share}\r`);
    expect([await terminal.ended, terminal.shown]).toEqual([0, expect.stringMatching(/Sealed +false/)]);
    expect(terminal.shown).not.toContain(share);
    expect(terminal.shown.match(/will be hidden/g)).toHaveLength(1);
    expect(await sealed()).toBe(false);
  });
});
