/** The command line on a terminal, where somebody types. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { cliCommand } from './cli.ts';

/** Whether there is `script` of util-linux, which runs a command on a terminal. @throws Error when STRONGROOM_REQUIRE_SERVICES=1 and there is none */
export function hasScript(): boolean {
  try {
    return execFileSync('script', ['--version'], { encoding: 'utf8' }).includes('util-linux');
  } catch (error) {
    if (process.env['STRONGROOM_REQUIRE_SERVICES'] === '1') throw error;
    process.stderr.write('skipped: the prompt needs script of util-linux\n');
    return false;
  }
}

/** A command on a terminal. */
export class OnTerminal {
  readonly #child: ChildProcessWithoutNullStreams;
  /** Everything that was shown. */
  shown = '';
  readonly ended: Promise<number | null>;

  /** @param env beside PATH and those of a terminal */
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
