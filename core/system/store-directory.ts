/** Where a server keeps its boot file and its store: a directory, or memory for tests and trials. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type BootFile, readBootFile, writeBootFile } from '../barrier/boot-file.ts';
import type { LogCipher } from '../storage/cipher.ts';
import { openMemory } from '../storage/memory.ts';
import type { Storage } from '../storage/types.ts';
import type { DiskFile } from '../storage/log/disk.ts';
import { load } from '../storage/log/load.ts';
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
  /**
   * @param how `keyring`: the first keyring record, for a store that does not exist yet; `restoredAfter`: the store is a backup's, and
   * revisions go on after this one
   */
  open(store: string, cipher: LogCipher, how?: { readonly keyring?: Uint8Array; readonly restoredAfter?: number }): Promise<Storage>;
  /** Begins a store that a backup is received into; absent where nothing lies on a disk. */
  receive?(): IncomingStore;
  /** Removes a store that never held anything but an unanswered initialization. */
  discard(store: string): void;
  /** Lets another server have it. */
  release(): void;
}

/** A store on its way in: nothing names it yet, and a start that finds it removes it. */
export interface IncomingStore {
  readonly name: string;
  /** Makes an empty file. Throws what the disk throws. */
  create(file: string): DiskFile;
  /** Makes the names durable. */
  sync(): Promise<void>;
  /** Reads it as opening would, and changes nothing. @throws StrongroomError when it is not whole */
  verify(cipher: LogCipher): void;
  discard(): void;
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
  if (boot !== undefined) removeOthers(directory, boot.store);
  return {
    type: 'file',
    path: directory,
    boot: () => boot,
    writeBoot: (next) => {
      try {
        writeBootFile(directory, next);
      } catch (error) {
        // Once it has its name, a failed sync leaves open which of the two a start would find.
        if (JSON.stringify(readBootFile(directory)) === JSON.stringify(next)) options.onFatal(error);
        throw error;
      }
      boot = next;
    },
    open: (store, cipher, how = {}) => openLog({ directory: join(directory, store), disk: nodeDisk(), cipher, ...how, options }),
    receive: () => receiveStore(directory),
    discard: (store) => rmSync(join(directory, store), { recursive: true, force: true }),
    release: () => lock.release(),
  };
}

/** What a crash during a restore has left, before it or after it. */
function removeOthers(directory: string, store: string): void {
  for (const name of readdirSync(directory)) {
    if (/^store-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(name) && name !== store)
      rmSync(join(directory, name), { recursive: true });
  }
}

function receiveStore(parent: string): IncomingStore {
  const disk = nodeDisk();
  const name = `store-${randomUUID()}`;
  const directory = join(parent, name);
  disk.mkdir(directory);
  return {
    name,
    create: (file) => disk.create(`${directory}/${file}`),
    sync: async () => {
      await disk.fsyncDirectory(directory);
      await disk.fsyncDirectory(parent);
    },
    verify: (cipher) => load(disk, directory, cipher, 1).context.files.closeAll(),
    discard: () => rmSync(directory, { recursive: true, force: true }),
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
    open: async (_store, cipher, { keyring } = {}) => {
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
