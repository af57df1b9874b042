/** What a killed server has left, opened in this process: its leases can be looked at, and time passes as a test says. */
import type { CatalogEntry } from '../../core/runner/catalog.ts';
import { readCatalog } from '../../core/runner/catalog.ts';
import { Transaction } from '../../core/barrier/transaction.ts';
import { ofMount, readLease } from '../../core/lease/lease-store.ts';
import { readMounts } from '../../core/mounts/mount-table.ts';
import type { Unsealed } from '../../core/request/host.ts';
import type { Server } from '../../core/system/server.ts';
import { openOn } from '../crash/image-check.ts';

const engine = 'api-keys';

/** An opened store with mounts of api-keys. */
export class Aftermath {
  readonly #server: Server;
  #laterMs = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Opens a directory, and ends what is over and what the crash left pending. @param hosts that its mounts may reach */
  static async open(directory: string, entry: CatalogEntry, paths: readonly string[], hosts: readonly string[]): Promise<Aftermath> {
    let aftermath: Aftermath | undefined;
    const server = await openOn(directory, {
      catalog: [...readCatalog(), entry],
      wallClock: () => Date.now() + (aftermath === undefined ? 0 : aftermath.#laterMs),
      declared: {
        policies: [],
        mounts: paths.map((path) => ({ path, type: engine, description: '', options: null, config: {}, hosts })),
      },
    });
    aftermath = new Aftermath(server);
    await aftermath.later(0);
    return aftermath;
  }

  get #unsealed(): Unsealed {
    const { unsealed } = this.#server;
    if (unsealed === undefined) throw new Error('the server is sealed');
    return unsealed;
  }

  /** Lets time pass, and what is due then be done. */
  async later(seconds: number): Promise<void> {
    this.#laterMs += seconds * 1000;
    this.#unsealed.leases.wake();
    await this.#unsealed.leases.idle();
  }

  /** Names of the keys that leases say are there, and how many leases there are in whatever state. */
  async leases(): Promise<{ readonly live: readonly string[]; readonly stored: number }> {
    const tx = new Transaction(this.#unsealed);
    const now = this.#unsealed.clock.now();
    const live: string[] = [];
    let stored = 0;
    for (const { id: mountId, type } of (await readMounts(tx)).mounts) {
      if (type !== engine) continue;
      for (const id of await ofMount(tx, mountId, 100_000)) {
        const lease = await readLease(tx, id);
        if (lease === undefined) throw new Error(`lease ${id} is known to its mount alone`);
        stored += 1;
        if (lease.state === 'active' && lease.expiresAt > now) live.push((JSON.parse(lease.data) as { readonly name: string }).name);
      }
    }
    return { live: live.toSorted(), stored };
  }

  close(): Promise<void> {
    return this.#server.stop();
  }
}
