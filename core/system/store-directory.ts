/** Where a server keeps its boot file and its store: a directory, or memory for tests and trials. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type BootFile, readBootFile, writeBootFile } from '../barrier/boot-file.ts';
import type { LogCipher } from '../storage/cipher.ts';
import { openMemory } from '../storage/memory.ts';
import type { Storage } from '../storage/types.ts';
import { openLog } from '../storage/log/open.ts';
import { nodeDisk } from '../storage/log/node-disk.ts';
import { lockDirectory } from '../storage/log/lock.ts';

/** A place for one server. */
export interface StoreDirectory {
  /** As reported by seal-status. */
  readonly type: string;
  /** On disk. */
  readonly path?: string;
  boot(): BootFile | undefined;
  writeBoot(boot: BootFile): void;
  /** @param keyring the first keyring record, for a store that does not exist yet */
  open(store: string, cipher: LogCipher, keyring?: Uint8Array): Promise<Storage>;
  /** Removes a store that never held anything but an unanswered initialization. */
  discard(store: string): void;
  /** Lets another server have it. */
  release(): void;
}

/** Options of a directory on disk. */
export interface DirectoryOptions {
  readonly directory: string;
  readonly compactAtBytes: number;
  /** Called when the disk can't be trusted any more: the process must end without another answer. */
  readonly onFatal: (error: unknown) => void;
  /** Told when a compaction that started by itself was given up; it is tried again later. */
  readonly onCompactionError?: (error: unknown) => void;
}

/** Takes a directory for this process. @throws StrongroomError when another server holds it */
export function openDirectory({ directory, ...options }: DirectoryOptions): StoreDirectory {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lock = lockDirectory(directory);
  // Read once: the lock makes this process its only writer, and every health check asks for it.
  let boot = readBootFile(directory);
  return {
    type: 'file',
    path: directory,
    boot: () => boot,
    writeBoot: (next) => {
      writeBootFile(directory, next);
      boot = next;
    },
    open: (store, cipher, keyring) =>
      openLog({
        directory: join(directory, store),
        disk: nodeDisk(),
        cipher,
        ...(keyring === undefined ? {} : { keyring }),
        options,
      }),
    discard: (store) => {
      if (existsSync(join(directory, store))) rmSync(join(directory, store), { recursive: true });
    },
    release: () => lock.release(),
  };
}

/** Keeps everything in memory: it is gone with the process, but survives sealing. */
export function memoryDirectory(): StoreDirectory {
  let boot: BootFile | undefined;
  let kept: { readonly storage: Storage; keyring: Uint8Array | undefined } | undefined;
  return {
    type: 'inmem',
    boot: () => boot,
    writeBoot: (next) => void (boot = next),
    open: async (_store, cipher, keyring) => {
      const held = (kept ??= { storage: openMemory(), keyring });
      if (held.keyring !== undefined) cipher.keyring(held.keyring);
      return keepingKeyring(held);
    },
    discard: () => void (kept = undefined),
    release: () => {},
  };
}

/** A memory store that stays when it is closed, and remembers the keyring that a log would hold. */
function keepingKeyring(held: { readonly storage: Storage; keyring: Uint8Array | undefined }): Storage {
  const { storage } = held;
  return {
    head: () => storage.head(),
    durableHead: () => storage.durableHead(),
    durable: (revision) => storage.durable(revision),
    slot: (key) => storage.slot(key),
    movedAt: (slot) => storage.movedAt(slot),
    get: (key) => storage.get(key),
    list: (directory, after, limit) => storage.list(directory, after, limit),
    commit: (writes, expect, options) => {
      const commit = storage.commit(writes, expect, options);
      if (options?.keyring !== undefined) held.keyring = options.keyring;
      return commit;
    },
    changes: (from) => storage.changes(from),
    close: async () => {},
  };
}
