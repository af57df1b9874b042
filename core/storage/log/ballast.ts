/**
 * Space held back for the day the disk is full: a file of real bytes that is deleted on ENOSPC, so that deletions and revocations
 * still fit. Only when it could be written again is the disk taken to have room.
 */
import { type Disk, isDiskError, writeFully } from './disk.ts';

/** Shortest time between two attempts to write the ballast again. */
const ballastRetryMs = 1000;

/** The ballast file of a directory. */
export class Ballast {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #bytes: number;
  readonly #now: () => number;
  #held = false;
  #probing: Promise<void> | undefined;
  #lastTry = Number.NEGATIVE_INFINITY;

  constructor(disk: Disk, directory: string, bytes: number, now: () => number) {
    this.#disk = disk;
    this.#directory = directory;
    this.#bytes = bytes;
    this.#now = now;
  }

  /** Whether the disk is full: the ballast is gone and was not written again. */
  get full(): boolean {
    return !this.#held;
  }

  /** Deletes the ballast. Gives whether it was there to be deleted. */
  release(): boolean {
    const held = this.#held;
    this.#held = false;
    this.#lastTry = this.#now();
    if (held) this.#disk.unlink(this.#path);
    return held;
  }

  /** Tries to write the ballast again unless that was tried a moment ago. Errors other than a full disk reject. */
  async probe(): Promise<void> {
    if (this.#held || this.#probing !== undefined || this.#now() - this.#lastTry < ballastRetryMs) return;
    await this.hold();
  }

  /** Writes the ballast unless it is whole. Leaves the store full when there is no space. */
  async hold(): Promise<void> {
    this.#lastTry = this.#now();
    this.#probing = this.#write().finally(() => {
      this.#probing = undefined;
    });
    await this.#probing;
  }

  /** Resolves when no attempt runs. */
  async settled(): Promise<void> {
    await this.#probing;
  }

  get #path(): string {
    return `${this.#directory}/ballast`;
  }

  async #write(): Promise<void> {
    const exists = this.#disk.readdir(this.#directory).includes('ballast');
    const file = exists ? this.#disk.open(this.#path, 'write') : this.#disk.create(this.#path);
    try {
      const block = Buffer.alloc(Math.min(this.#bytes, 2 ** 20), 0xb5);
      for (let at = file.size() === this.#bytes ? this.#bytes : 0; at < this.#bytes; at += block.length) {
        writeFully(file, block.subarray(0, this.#bytes - at), at);
      }
      file.truncate(this.#bytes);
      await file.fdatasync();
      this.#held = true;
    } catch (error) {
      if (!isDiskError(error, 'ENOSPC')) throw error;
      this.#disk.unlink(this.#path);
    } finally {
      file.close();
    }
  }
}
