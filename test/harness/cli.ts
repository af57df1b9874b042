/** The command line in a process of its own. */
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../core/cli/main.ts', import.meta.url));

/** The command line as an array of words. */
export const cliCommand: readonly string[] = [process.execPath, '--conditions=source', main];

/** Where Node keeps what it has compiled: most of a start's time is that. */
export const compiled: Readonly<Record<string, string>> = {
  NODE_COMPILE_CACHE: join(tmpdir(), `strongroom-compiled-${process.getuid?.() ?? 0}`),
};

/** What every command has around it. */
export const cliEnv: Readonly<Record<string, string>> = {
  PATH: process.env['PATH'] ?? '',
  HOME: '/nonexistent',
  ...compiled,
};

/** What a command left behind. */
export interface CliOutcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs one command. @param env beside PATH and HOME, which are the test's; no variable of Vault's gets in from outside; `stdin` all of standard input */
export async function runCli(args: readonly string[], env: Readonly<Record<string, string>>, stdin = ''): Promise<CliOutcome> {
  const [command = '', ...before] = cliCommand;
  const child = spawn(command, [...before, ...args], { env: { ...cliEnv, ...env } });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  // A command that fails does not read it.
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}
