/** What those who work through what is due have in common: rounds, one at a time, and the engine of a mount. */
import type { Logger } from 'pino';
import type { Transaction, Vault } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import type { Clock } from '../identity/clock.ts';
import { type Mount, readMounts } from '../mounts/mount-table.ts';
import type { PluginCrypto } from '../runner/plugin-crypto.ts';
import type { Engine, Rooms } from '../runner/rooms.ts';

/** What they work with. */
export interface LeaseWorld extends Vault {
  readonly clock: Clock;
  readonly rooms: Rooms;
  readonly crypto: PluginCrypto;
}

/** Where an engine runs for a mount. */
export interface Mounted {
  readonly mount: Mount;
  readonly engine: Engine;
}

/** Does what is due, in rounds, until nothing is. */
export abstract class DueWork {
  protected readonly world: LeaseWorld;
  protected readonly log: Logger;
  protected stopped = false;
  #running: Promise<void> | undefined;
  #asked = false;

  constructor(world: LeaseWorld, log: Logger) {
    this.world = world;
    this.log = log;
  }

  /** Does some of what is due; what fails is put off. @returns how many there were; 0: nothing is due */
  protected abstract round(): Promise<number>;

  /** Looks for what is due. */
  wake(): void {
    this.#asked = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when nothing that was due is left. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Ends after what is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#asked && !this.stopped) {
      this.#asked = false;
      try {
        if ((await this.round()) > 0) this.#asked = true;
      } catch (error) {
        this.log.error({ err: error }, 'leases and rotations that are due could not be looked at; it will be tried again');
      }
    }
  }

  /** The engine of a mount, in a transaction. @throws StrongroomError `internal` when the mount is gone: what belongs to it goes with it */
  protected async engineOf(tx: Transaction, mountId: string): Promise<Mounted> {
    const mount = (await readMounts(tx)).mounts.find(({ id }) => id === mountId);
    if (mount === undefined) throw new StrongroomError('internal', 'the mount of a lease or a rotation is gone');
    return { mount, engine: await this.world.rooms.engine(mount.plugin, mount.class, mount.isolation) };
  }
}
