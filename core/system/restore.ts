/**
 * Restoring a backup: received beside the store, checked, then put in its place while the server is sealed for a moment. The rename of the
 * boot file is the switch: before it the old data is whole, after it the new.
 */
import type { Readable } from 'node:stream';
import { Barrier } from '../barrier/barrier.ts';
import type { BootFile } from '../barrier/boot-file.ts';
import { openPrevious, unwrapRoot } from '../barrier/root-key.ts';
import { StrongroomError } from '../errors.ts';
import { isBackupMac } from './backup.ts';
import { type ReceivedBackup, receiveBackup } from './received-backup.ts';
import type { Server } from './server.ts';
import type { IncomingStore } from './store-directory.ts';

/** A backup that may take the store's place. */
export interface PreparedRestore {
  readonly store: IncomingStore;
  readonly boot: BootFile;
  /** Undefined: the server stays sealed until the backup's shares open it. */
  readonly rootKey: Buffer | undefined;
  /** What force has overruled. */
  readonly warnings: readonly string[];
}

/** How long a prepared backup waits for its request to go on. */
const preparedMs = 60_000;

/** One restore at a time. */
export class Restore {
  readonly #server: Server;
  #busy = false;
  #prepared: PreparedRestore | undefined;

  constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Receives and checks a backup.
   * @param force also of another cluster, under another root key, or older than what the audit has seen
   * @throws StrongroomError `invalid` with the reason, and when another restore is under way; `storage-full`. Nothing of it stays then
   */
  async prepare(upload: AsyncIterable<Uint8Array> | Readable, force: boolean): Promise<PreparedRestore> {
    const { directory } = this.#server.options;
    if (directory.receive === undefined)
      throw new StrongroomError('invalid', 'this server keeps everything in memory: there is nothing to back up or restore');
    if (this.#busy) throw new StrongroomError('invalid', 'a restore is already in progress');
    this.#busy = true;
    try {
      this.#drop();
      const store = directory.receive();
      try {
        this.#prepared = await this.#check(await receiveBackup(upload, store), store, force);
      } catch (error) {
        store.discard();
        throw error;
      }
      this.#forgetLater(this.#prepared);
      return this.#prepared;
    } finally {
      this.#busy = false;
    }
  }

  /** Puts a prepared backup in the store's place. @throws StrongroomError `invalid` when another one was first */
  async finish(prepared: PreparedRestore): Promise<void> {
    if (this.#prepared !== prepared || this.#busy) throw new StrongroomError('invalid', 'another restore was first');
    this.#prepared = undefined;
    this.#busy = true;
    try {
      await this.#server.replaceStore(prepared);
    } finally {
      this.#busy = false;
    }
  }

  /** A request may still be refused after its upload, when its token was revoked meanwhile. */
  #forgetLater(prepared: PreparedRestore): void {
    setTimeout(() => {
      if (this.#prepared === prepared && !this.#busy) this.#drop();
    }, preparedMs).unref();
  }

  /** One that was prepared and whose request came to nothing. */
  #drop(): void {
    this.#prepared?.store.discard();
    this.#prepared?.rootKey?.fill(0);
    this.#prepared = undefined;
  }

  async #check(received: ReceivedBackup, store: IncomingStore, force: boolean): Promise<PreparedRestore> {
    const { boot, sums, mac } = received;
    const warnings = this.#objections(received);
    if (warnings.length > 0 && !force)
      throw new StrongroomError('invalid', `${warnings.join('; ')}; snapshot-force restores it all the same`);
    const rootKey = await this.#rootOf(boot);
    if (rootKey === undefined) return { store, boot, rootKey, warnings };
    if (!isBackupMac(rootKey, sums, mac))
      throw new StrongroomError('invalid', 'the backup was changed: its sums are not sealed by its root key');
    const trial = new Barrier(Buffer.from(rootKey), boot.clusterId, undefined, openPrevious(boot, rootKey, boot.clusterId));
    try {
      store.verify(trial);
    } catch (cause) {
      throw new StrongroomError('invalid', 'the backup is damaged: its store does not open', { cause });
    } finally {
      trial.wipe();
    }
    return { store, boot, rootKey, warnings };
  }

  /** Why it should not be restored without force. @throws StrongroomError `invalid` when even force would be no use */
  #objections({ meta, boot }: ReceivedBackup): readonly string[] {
    const { unsealed, boot: current, automatic } = this.#server;
    if (unsealed === undefined || current === undefined) throw new StrongroomError('sealed', 'Vault is sealed');
    if (!automatic && boot.shamir === undefined)
      throw new StrongroomError(
        'invalid',
        'the backup has no shares: it opens only with the seal of the server that made it, which this one is not configured with',
      );
    if (boot.clusterId !== current.clusterId) return ['the backup is of another cluster'];
    if (boot.rootKeyCommitment !== current.rootKeyCommitment)
      return ['the backup was made under another root key: it opens with the shares of that time'];
    // The audit's next line says as much.
    const seen = unsealed.storage.durableHead();
    return meta.revision < seen
      ? [
          `the backup is of revision ${meta.revision}, but the audit has seen revision ${seen}: what was recorded since then would be undone`,
        ]
      : [];
  }

  /** The backup's root key, where this server has it or its seals open it. */
  async #rootOf(boot: BootFile): Promise<Buffer | undefined> {
    const { unsealed, boot: current, automatic, options } = this.#server;
    if (!automatic) return boot.rootKeyCommitment === current?.rootKeyCommitment ? unsealed?.barrier.copyRoot() : undefined;
    for (const seal of options.seals) {
      const rootKey = await unwrapRoot(boot, seal, boot.clusterId).catch(() => undefined);
      if (rootKey !== undefined) return rootKey;
    }
    throw new StrongroomError('invalid', 'none of the configured seals opens the backup: it needs the one of the server that made it');
  }
}
