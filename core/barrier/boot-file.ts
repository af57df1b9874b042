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

/** Shares of the manual seal. */
export interface ShareSet {
  readonly shares: number;
  readonly threshold: number;
  /** Of the key that they add up to, base64. */
  readonly keyCommitment: string;
}

/** A root key, and what opens it. */
export interface GuardedRoot {
  /** Commitment of the root key, base64. */
  readonly rootKeyCommitment: string;
  readonly rootKeys: readonly WrappedRootKey[];
  /** Absent when no seal is manual. */
  readonly shamir?: ShareSet;
  /** The root key that this one has replaced, under this one, base64: until nothing in the store lies under the former. */
  readonly previousRootKey?: string;
}

/** Content of `boot.json`. */
export interface BootFile extends GuardedRoot {
  readonly format: 1;
  readonly clusterId: string;
  readonly clusterName: string;
  /** Name of the subdirectory that holds the log. */
  readonly store: string;
  /** New shares on their way to their holders: whichever of the two sets is used first stays, and the other is void. */
  readonly offered?: GuardedRoot;
  /** The store is a backup's: its first unsealing begins a new lineage, in which revisions go on after this one. */
  readonly restoredAfter?: number;
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
  const boot = parseBoot(text);
  if (boot === undefined) throw new StrongroomError('internal', `${path} is damaged: expected a boot file of format 1`);
  return boot;
}

/** Parses the text of a boot file; undefined when it is none. */
export function parseBoot(text: string): BootFile | undefined {
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
  return undefined;
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
