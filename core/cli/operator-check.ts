/** `operator check`: verifies the data directory of a stopped server. */
import { UsageError, type Command } from './terminal.ts';

/** What is used of `../storage/log/check.ts` and `../storage/log/node-disk.ts`. */
interface CheckModule {
  checkDirectory(options: { readonly directory: string; readonly disk: unknown }): CheckReport | Promise<CheckReport>;
}
interface DiskModule {
  nodeDisk(): unknown;
}
interface CheckReport {
  readonly problems: readonly { readonly file: string; readonly offset: number; readonly what: string }[];
  readonly head: number;
  readonly frames: number;
  readonly baseFiles: number;
  readonly tornBytes: number;
}

/** Checks the structure, which needs no keys: exit code 0 when it is whole, 2 with every problem when it is not. */
export const operatorCheck: Command = async (args, terminal) => {
  const [directory, more] = args;
  if (directory === undefined || more !== undefined) throw new UsageError('Expected one argument: the data directory');
  // Loaded only here: other commands are clients of the HTTP API and need nothing of the server.
  const modules: readonly string[] = ['../storage/log/check.ts', '../storage/log/node-disk.ts'];
  const [check, disk] = (await Promise.all(modules.map((module) => import(module)))) as [CheckModule, DiskModule];
  const { problems, head, frames, baseFiles, tornBytes } = await check.checkDirectory({ directory, disk: disk.nodeDisk() });
  for (const { file, offset, what } of problems) terminal.err(`${file}:${offset}: ${what}\n`);
  if (problems.length > 0) return 2;
  terminal.out(`Success! ${frames} frames and ${baseFiles} base files are whole, up to revision ${head}.\n`);
  if (tornBytes > 0) terminal.out(`${tornBytes} bytes behind the last frame, left by a crash, will be cut off at the next start.\n`);
  return 0;
};
