/** `operator check`: verifies the data directory of a stopped server. */
import { join } from 'node:path';
import type { Barrier } from '../barrier/barrier.ts';
import { type Command, localCommand } from './command.ts';
import type { FlagValues } from './flags.ts';
import type { KeySource } from './check-keys.ts';
import { UsageError, type Terminal } from './terminal.ts';

const table = { 'key-file': 'text', 'key-env': 'text', shares: 'boolean' } as const;

/**
 * Checks the structure, and with keys (`-key-file`, `-key-env`, or `-shares` on standard input) every name and value too.
 * Exit code 0 when it is whole, 2 with every problem when it is not.
 */
export const operatorCheck: Command = localCommand(table, async ({ flags, rest, terminal }) => {
  const [directory, more] = rest;
  if (directory === undefined || more !== undefined) throw new UsageError('Expected one argument: the data directory');
  const source = await keySource(flags, terminal);
  // Loaded only here: other commands are clients of the HTTP API and need nothing of the server.
  const { readBootFile } = await import('../barrier/boot-file.ts');
  const { checkDirectory } = await import('../storage/log/check.ts');
  const { lockDirectory } = await import('../storage/log/lock.ts');
  const { nodeDisk } = await import('../storage/log/node-disk.ts');
  const boot = readBootFile(directory);
  if (!boot) throw new UsageError('The directory holds no boot file: no server was initialized here');
  const lock = lockDirectory(directory);
  let barrier: Barrier | undefined;
  try {
    barrier = source && (await (await import('./check-keys.ts')).openKeys(boot, source, process.env));
    const keys = barrier;
    const report = checkDirectory({
      directory: join(directory, boot.store),
      disk: nodeDisk(),
      ...(keys ? { cipher: keys, openValue: (key: string, value: Uint8Array): void => openValue(keys, key, value) } : {}),
    });
    for (const { file, offset, what } of report.problems) terminal.err(`${file}:${offset}: ${what}\n`);
    if (report.problems.length > 0) return 2;
    terminal.out(`Success! ${report.frames} frames and ${report.baseFiles} base files are whole, up to revision ${report.head}.\n`);
    if (report.keys !== undefined) terminal.out(`Each of its ${report.keys} values opens.\n`);
    else terminal.out('Names and values were not opened: that needs -key-file, -key-env or -shares.\n');
    if (report.tornBytes > 0) terminal.out(`${report.tornBytes} bytes of a crash lie behind them and will be cut off at the next start.\n`);
    return 0;
  } finally {
    barrier?.wipe();
    lock.release();
  }
});

async function keySource(flags: FlagValues<typeof table>, terminal: Terminal): Promise<KeySource | undefined> {
  const given = [flags['key-file'], flags['key-env'], flags.shares].filter((flag) => flag !== undefined);
  if (given.length > 1) throw new UsageError('Give one of -key-file, -key-env and -shares');
  if (flags['key-file'] !== undefined) return { kind: 'file', path: flags['key-file'] };
  if (flags['key-env'] !== undefined) return { kind: 'env', name: flags['key-env'] };
  if (!flags.shares) return undefined;
  const shares = (await terminal.readStdin()).split('\n').map((line) => line.trim());
  return { kind: 'shares', shares: shares.filter((share) => share !== '') };
}

/** What is left of a deleted mount opens no more, and must not: its KEK is destroyed. */
function openValue(barrier: Barrier, key: string, value: Uint8Array): void {
  const mountId = /^mount\/([^/]+)\//.exec(key)?.[1];
  if (mountId !== undefined && barrier.ring.versions(mountId).length === 0) return;
  barrier.openValue(key, value);
}
