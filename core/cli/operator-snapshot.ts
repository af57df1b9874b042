/** `operator backup` and `operator restore`. */
import { createReadStream, createWriteStream, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Command } from './command.ts';
import { elements, member, textOf } from './json-node.ts';
import { clientCommand } from './session.ts';
import { UsageError } from './terminal.ts';

const path = 'sys/storage/raft/snapshot';

/** Takes a backup into a file, which has its name only when it is whole and on the disk. */
export const operatorBackup: Command = clientCommand({}, async ({ rest, terminal, stream }) => {
  const file = oneFile(rest);
  const part = `${file}.part`;
  try {
    const { bytes } = await stream({ method: 'GET', path });
    await pipeline(bytes, createWriteStream(part, { mode: 0o600 }));
    const written = await open(part, 'r+');
    await written.sync();
    await written.close();
    renameSync(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
  terminal.out(`Success! The backup is in ${file}. It opens with the shares, or the seal, of now: keep them as long as you keep it.\n`);
  return 0;
});

/** Restores a backup. `-force`: also of another cluster, or an older one. */
export const operatorRestore: Command = clientCommand({ force: 'boolean' }, async ({ flags, rest, terminal, stream }) => {
  const upload = createReadStream(oneFile(rest));
  await new Promise<void>((resolve, reject) => {
    upload.once('open', () => resolve());
    upload.once('error', () => reject(new UsageError(`cannot read ${oneFile(rest)}`)));
  });
  const { parsed } = await stream({ method: 'PUT', path: flags.force ? `${path}-force` : path, upload });
  for (const warning of elements(member(parsed, 'warnings'))) terminal.err(`WARNING! ${textOf(warning)}\n`);
  terminal.out('Success! The backup was restored. If the server is sealed now, unseal it with the shares of the backup.\n');
  return 0;
});

function oneFile(rest: readonly string[]): string {
  const [file, more] = rest;
  if (file === undefined || more !== undefined) throw new UsageError('Expected one argument: the file');
  return file;
}
