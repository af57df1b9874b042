/**
 * The only plaintext of a data directory: what a seal needs before any key is known. Written whole, renamed into place, and
 * the directory synced; its rename is the moment from which a server counts as initialized.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StrongroomError } from '../errors.ts';

/** Root key wrapped by one seal. */
export interface WrappedRootKey {
  readonly seal: string;
  readonly id: string;
  /** Base64. */
  readonly blob: string;
}

/** Content of `boot.json`. */
export interface BootFile {
  readonly format: 1;
  readonly clusterId: string;
  readonly clusterName: string;
  /** Name of the subdirectory that holds the log. */
  readonly store: string;
  /** Commitment of the root key, base64. */
  readonly rootKeyCommitment: string;
  readonly rootKeys: readonly WrappedRootKey[];
  /** Shares of the manual seal; absent when no seal is manual. */
  readonly shamir?: { readonly shares: number; readonly threshold: number; readonly keyCommitment: string };
  /** False until the answer of the initialization has been sent, or its keys were used: until then it can be repeated after a restart. */
  readonly confirmed: boolean;
}

const name = 'boot.json';

/** Reads the boot file; undefined when the directory has none. @throws StrongroomError `internal` when it is unreadable */
export function readBootFile(directory: string): BootFile | undefined {
  const path = join(directory, name);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new StrongroomError('internal', `cannot read ${path}`, { cause: error });
  }
  try {
    // The seals authenticate what matters in it; here only the outline is checked.
    const boot = JSON.parse(text) as BootFile;
    if (
      boot.format === 1 &&
      typeof boot.clusterId === 'string' &&
      typeof boot.store === 'string' &&
      /^store-[0-9a-f-]+$/.test(boot.store) &&
      Array.isArray(boot.rootKeys)
    ) {
      return boot;
    }
  } catch {}
  throw new StrongroomError('internal', `${path} is damaged: expected a boot file of format 1`);
}

/** Replaces the boot file, durably. */
export function writeBootFile(directory: string, boot: BootFile): void {
  const path = join(directory, name);
  const fd = openSync(`${path}.new`, 'w', 0o600);
  const bytes = Buffer.from(`${JSON.stringify(boot, undefined, 2)}\n`);
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
  fsyncSync(fd);
  closeSync(fd);
  renameSync(`${path}.new`, path);
  const folder = openSync(directory, 'r');
  fsyncSync(folder);
  closeSync(folder);
}
