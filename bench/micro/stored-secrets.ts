/** Secrets in a store of their own on the disk, as a server keeps them, and the reading of one as a request that no cache answers does it. */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { OperationOutline } from '@strongroom/sdk-plugin/serving';
import { Barrier, mountPrefix } from '../../core/barrier/barrier.ts';
import { DerivedCache } from '../../core/barrier/derived-cache.ts';
import { Keyring } from '../../core/barrier/keyring.ts';
import { SealedCache, sealedBytesMax } from '../../core/barrier/sealed-cache.ts';
import { Transaction } from '../../core/barrier/transaction.ts';
import { entriesAlong } from '../../core/request/entries-along.ts';
import type { Call } from '../../core/runner/thread-room.ts';
import { nodeDisk } from '../../core/storage/log/node-disk.ts';
import { openLog } from '../../core/storage/log/open.ts';
import { encodeTable, tableKey } from '../../plugins/kv/table-record.ts';
import { newTable } from '../../plugins/kv/version-table.ts';
import { benchDirectory } from '../bench-server.ts';
import { appPath, fiveFields, keys } from '../workload.ts';

const mountId = 'bench';

/** The usual secrets, each of one version. */
export class StoredSecrets {
  readonly #vault: ConstructorParameters<typeof Transaction>[0];
  readonly #close: () => Promise<void>;
  #next = 0;

  private constructor(vault: ConstructorParameters<typeof Transaction>[0], close: () => Promise<void>) {
    this.#vault = vault;
    this.#close = close;
  }

  static async write(): Promise<StoredSecrets> {
    const directory = benchDirectory();
    const barrier = new Barrier(randomBytes(32), mountId, Keyring.create(0).withKey(mountId, 0));
    const storage = await openLog({ directory, disk: nodeDisk(), cipher: barrier });
    const vault = { storage, barrier, derived: new DerivedCache(10), sealed: new SealedCache(sealedBytesMax) };
    const created = Date.now();
    const version = { created, deletion: undefined, destroyed: false };
    const table = { ...newTable(created), current: 1, versions: [version] };
    for (let first = 0; first < keys; first += 1000) {
      const tx = new Transaction(vault);
      for (let index = first; index < first + 1000; index += 1) {
        tx.put(mountPrefix(mountId) + tableKey(appPath(index)), encodeTable(table, JSON.stringify(fiveFields(index))));
      }
      await tx.commit().durable;
    }
    return new StoredSecrets(vault, async () => {
      await storage.close();
      rmSync(directory, { recursive: true, force: true });
    });
  }

  /** Reads what travels with the call of one secret after the other, in a scattered order. */
  async read(call: Call, operation: OperationOutline): Promise<Call> {
    this.#next = (this.#next + 7919) % keys;
    const params = { path: appPath(this.#next) };
    const tx = new Transaction(this.#vault);
    const world = {
      get: async (key: string) => {
        const { movedAt, value } = await tx.read(mountPrefix(mountId) + key);
        return { key, revision: movedAt, value };
      },
    };
    return { ...call, mountId, params, entries: await entriesAlong(world, operation, params) };
  }

  close(): Promise<void> {
    return this.#close();
  }
}
