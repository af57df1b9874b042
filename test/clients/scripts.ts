/** Runs a client's program on a server and reads what it says of each of its checks: a line of JSON for each, and one on the methods it has not called. */
import { spawn } from 'node:child_process';
import type { ClientServer } from './tls-server.ts';

/** What a program found. */
export interface Outcome {
  /** Names of the checks that passed. */
  readonly passed: readonly string[];
  /** `name: why` of those that did not. */
  readonly failed: readonly string[];
  /** Methods of the client that no check called and no reason excuses. */
  readonly uncalled: readonly string[];
}

type Line = { readonly check: string; readonly error?: string } | { readonly uncalled: readonly string[] };

/** Runs one. @throws Error with what it printed when it ends before its last line */
export async function runScripts(
  on: ClientServer,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...env,
      ADDRESS: on.address,
      CA_FILE: on.caFile,
      DEVICES: on.directory,
      SERVICE_URL: on.serviceUrl,
      NO_PROXY: '127.0.0.1',
    },
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const lines = output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
  const passed: string[] = [];
  const failed: string[] = [];
  let uncalled: readonly string[] | undefined;
  for (const line of lines) {
    if ('uncalled' in line) uncalled = line.uncalled;
    else if (line.error === undefined) passed.push(line.check);
    else failed.push(`${line.check}: ${line.error}`);
  }
  if (uncalled === undefined) throw new Error(`${command} ended early (${code}): ${output}${errors}`);
  return { passed, failed, uncalled };
}
