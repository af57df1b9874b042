/**
 * Reads the file of a plugin from outside. It is opened once: what is hashed is what runs, whatever happens to the file afterwards. Nobody but the
 * server's user and root may have been able to write it, so that a hash that was copied from a file means something.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { StrongroomError } from '../errors.ts';

/** A bundle or component is a few MiB. */
const fileBytesMax = 67_108_864;
const writableByOthers = 0o022;

/** What a config says of the file. */
export interface PluginFile {
  /** Names the plugin in a refusal. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** Hex. */
  readonly sha256: string;
}

/** Reads the file. @throws StrongroomError `invalid` naming the field and what is wrong */
export function readPluginFile({ name, path, sha256 }: PluginFile): Uint8Array {
  const refuse = (field: string, why: string): never => {
    throw new StrongroomError('invalid', `plugin ${name}: field ${field}: ${path} ${why}`);
  };
  const guard = (what: string, { uid, mode }: Stats): void => {
    const own = process.geteuid?.();
    if (uid !== 0 && own !== undefined && uid !== own)
      refuse('path', `${what} belongs to user ${uid}, not to root or the server's user ${own}`);
    if ((mode & writableByOthers) !== 0)
      refuse('path', `${what} may be written by others (mode ${(mode & 0o777).toString(8)}): chmod go-w`);
  };
  const file = opened(path, (why) => refuse('path', why));
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) refuse('path', 'is not a file');
    if (stats.size > fileBytesMax) refuse('path', `has ${stats.size} bytes, at most ${fileBytesMax} are allowed`);
    guard('is unsafe: it', stats);
    guard('is unsafe: its directory', statSync(dirname(path)));
    const bytes = readFileSync(file);
    const hash = createHash('sha256').update(bytes).digest();
    if (!timingSafeEqual(hash, Buffer.from(sha256, 'hex')))
      refuse('sha256', `has the SHA-256 ${hash.toString('hex')}, the config says ${sha256}`);
    return bytes;
  } finally {
    closeSync(file);
  }
}

/** Without a name of its own, a module's whole URL is in each line of an error's stack. */
const named = Buffer.from('\n//# sourceURL=plugin.mjs\n');

/** A module of exactly these bytes, to be imported: what was hashed is what runs. */
export function moduleUrl(bytes: Uint8Array): string {
  return `data:text/javascript;base64,${Buffer.concat([bytes, named]).toString('base64')}`;
}

/** Opens it without following a link, and without waiting for whoever writes into a pipe. */
function opened(path: string, refuse: (why: string) => never): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return refuse(code === 'ELOOP' ? 'is a symbolic link' : `can't be read (${code ?? 'unknown error'})`);
  }
}
