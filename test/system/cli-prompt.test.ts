/** The hidden prompt of `operator unseal`, on a terminal: what is typed there is not shown. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cliCommand } from '../harness/cli.ts';
import { TestServer } from '../harness/server.ts';

/** Whether there is `script` of util-linux, which runs a command on a terminal. @throws Error when STRONGROOM_REQUIRE_SERVICES=1 and there is none */
function hasScript(): boolean {
  try {
    return execFileSync('script', ['--version'], { encoding: 'utf8' }).includes('util-linux');
  } catch (error) {
    if (process.env['STRONGROOM_REQUIRE_SERVICES'] === '1') throw error;
    process.stderr.write('skipped: the prompt needs script of util-linux\n');
    return false;
  }
}

/** A command on a terminal. */
class OnTerminal {
  readonly #child: ChildProcessWithoutNullStreams;
  /** Everything that was shown. */
  shown = '';
  readonly ended: Promise<number | null>;

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    const command = [...cliCommand, ...args].map((word) => `'${word}'`).join(' ');
    this.#child = spawn('script', ['--quiet', '--return', '--command', `exec ${command}`, '/dev/null'], {
      env: { PATH: process.env['PATH'], SHELL: '/bin/sh', TERM: 'xterm', HOME: '/nonexistent', ...env },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream.on('data', (chunk: Buffer) => (this.shown += chunk.toString()));
    this.ended = new Promise((resolve) => this.#child.once('close', resolve));
  }

  /** Types when this is shown. */
  async type(when: string, keys: string): Promise<void> {
    while (!this.shown.includes(when)) await new Promise((resolve) => this.#child.stdout.once('data', resolve));
    this.#child.stdin.write(keys);
  }
}

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
