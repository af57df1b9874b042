/**
 * A disk in memory that fails as real ones do, repeatably: what was not synced is lost at a power cut in any subset, torn inside a
 * write; names likewise; writes are short; space ends; a sync fails, forgets what it should have written, and then succeeds.
 */
import type { Disk, DiskFile, DiskLock } from './disk.ts';

/** Numbers from 0 (inclusive) to `below` (exclusive), from a seed (mulberry32). */
export function seededRandom(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

type Change = { readonly offset: number; readonly data: Buffer } | { readonly length: number };

/** Bytes that grow. */
class Content {
  #bytes = Buffer.alloc(0);
  size = 0;

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.size);
  }

  apply(change: Change): void {
    if ('length' in change) {
      this.#grow(change.length);
      if (change.length < this.size) this.#bytes.fill(0, change.length, this.size);
      this.size = change.length;
      return;
    }
    const end = change.offset + change.data.length;
    this.#grow(end);
    this.#bytes.set(change.data, change.offset);
    this.size = Math.max(this.size, end);
  }

  #grow(length: number): void {
    if (length <= this.#bytes.length) return;
    const larger = Buffer.alloc(Math.max(length, 2 * this.#bytes.length));
    this.#bytes.copy(larger);
    this.#bytes = larger;
  }
}

/** A file: as programs see it, as the device holds it, and the changes in between. */
class Inode {
  readonly seen: Content = new Content();
  readonly durable: Content = new Content();
  pending: Change[] = [];

  change(change: Change): void {
    this.seen.apply(change);
    this.pending.push(change);
  }

  static of(content: Buffer): Inode {
    const inode = new Inode();
    inode.seen.apply({ offset: 0, data: content });
    inode.durable.apply({ offset: 0, data: content });
    return inode;
  }
}

type Names = Map<string, Inode>;
type NameChange = (names: Names) => void;

function diskError(code: string): Error {
  return Object.assign(new Error(`simulated ${code}`), { code });
}

/** The disk. The fields are the faults to come; a power cut is `crash` or `crashAt`. */
export class SimulatedDisk implements Disk {
  /** Bytes that all files together may have. */
  capacity: number = Number.POSITIVE_INFINITY;
  /** No write takes more bytes than this. */
  writeBytesMax: number = Number.POSITIVE_INFINITY;
  /** The operation (counted by `operations`) at which the power fails. */
  crashAt: number = Number.POSITIVE_INFINITY;
  /** The sync (counted from now) that fails with EIO; 0 for none. */
  failSync = 0;
  /** The next write fails with EIO. */
  failWrite = false;
  operations = 0;
  /** Resolves with the disk that is found after the power cut. */
  readonly crashed: Promise<SimulatedDisk>;

  readonly #random: (below: number) => number;
  #seen: Names = new Map();
  #durable: Names = new Map();
  #pendingNames: NameChange[] = [];
  #locked = new Set<string>();
  #resolveCrashed: (disk: SimulatedDisk) => void = () => undefined;
  #off = false;

  /** @param random gives numbers below its argument: `seededRandom` */
  constructor(random: (below: number) => number) {
    this.#random = random;
    this.crashed = new Promise((resolve) => {
      this.#resolveCrashed = resolve;
    });
  }

  /** Bytes of all files. */
  get used(): number {
    let sum = 0;
    for (const { seen } of this.#seen.values()) sum += seen.size;
    return sum;
  }

  /** Cuts the power; gives the disk as it is found afterwards. */
  crash(): SimulatedDisk {
    const after = new SimulatedDisk(this.#random);
    const names: Names = new Map(this.#durable);
    const mode = this.#random(4);
    const survives = (): boolean => mode === 0 || (mode !== 1 && this.#random(2) === 0);
    for (const change of this.#pendingNames) if (survives()) change(names);
    for (const [path, inode] of names) {
      for (const change of inode.pending) {
        for (const piece of this.#tear(change)) if (survives()) inode.durable.apply(piece);
      }
      inode.pending = [];
      after.#seen.set(path, Inode.of(inode.durable.bytes));
    }
    after.#durable = new Map(after.#seen);
    this.#off = true;
    this.#resolveCrashed(after);
    return after;
  }

  /** Gives the bytes of a file, to be looked at or damaged. Damage is durable at once. */
  bytes(path: string): Buffer {
    return this.#inode(path).seen.bytes;
  }

  /** Replaces a file as if it had always been so; `undefined` removes it. */
  tamper(path: string, content: Uint8Array | undefined): void {
    this.#seen.delete(path);
    this.#durable.delete(path);
    if (content === undefined) return;
    const inode = Inode.of(Buffer.from(content));
    this.#seen.set(path, inode);
    this.#durable.set(path, inode);
  }

  /** Gives a copy of what programs see, with nothing pending. */
  clone(): SimulatedDisk {
    const copy = new SimulatedDisk(this.#random);
    for (const [path, { seen }] of this.#seen) copy.#seen.set(path, Inode.of(Buffer.from(seen.bytes)));
    copy.#durable = new Map(copy.#seen);
    return copy;
  }

  mkdir(): void {
    this.#step();
  }

  readdir(path: string): readonly string[] {
    this.#step();
    return [...this.#seen.keys()].filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1));
  }

  open(path: string): DiskFile {
    this.#step();
    return this.#file(this.#inode(path));
  }

  create(path: string): DiskFile {
    this.#step();
    if (this.#seen.has(path)) throw diskError('EEXIST');
    const inode = new Inode();
    this.#rename((names) => names.set(path, inode));
    return this.#file(inode);
  }

  rename(from: string, to: string): void {
    this.#step();
    const inode = this.#inode(from);
    this.#rename((names) => {
      names.delete(from);
      names.set(to, inode);
    });
  }

  unlink(path: string): void {
    this.#step();
    this.#inode(path);
    this.#rename((names) => names.delete(path));
  }

  async fsyncDirectory(): Promise<void> {
    const count = this.#pendingNames.length;
    await this.#device(() => {
      for (const change of this.#pendingNames.splice(0, count)) change(this.#durable);
    });
  }

  lock(directory: string): DiskLock {
    if (this.#locked.has(directory)) throw new Error('locked');
    this.#locked.add(directory);
    return { release: () => this.#locked.delete(directory) };
  }

  #file(inode: Inode): DiskFile {
    return {
      size: () => inode.seen.size,
      pread: (target, position) => {
        const found = inode.seen.bytes.subarray(position, position + target.byteLength);
        target.set(found);
        return found.length;
      },
      pwrite: (source, position) => {
        this.#step();
        if (this.failWrite) throw diskError('EIO');
        const room = this.capacity - this.used + Math.max(0, inode.seen.size - position);
        const count = Math.min(source.byteLength, this.writeBytesMax, room);
        if (count <= 0) throw diskError('ENOSPC');
        inode.change({ offset: position, data: Buffer.from(source.subarray(0, count)) });
        return count;
      },
      truncate: (length) => {
        this.#step();
        inode.change({ length });
      },
      fdatasync: async () => {
        const count = inode.pending.length;
        await this.#device(() => {
          const written = inode.pending.splice(0, count);
          if (this.failSync > 0 && --this.failSync === 0) throw diskError('EIO');
          for (const change of written) inode.durable.apply(change);
        });
      },
      close: () => undefined,
    };
  }

  #inode(path: string): Inode {
    const inode = this.#seen.get(path);
    if (inode === undefined) throw diskError('ENOENT');
    return inode;
  }

  #rename(change: NameChange): void {
    change(this.#seen);
    this.#pendingNames.push(change);
  }

  /** The device takes a while; the power may fail before it begins and before it says that it is done. */
  async #device(done: () => void): Promise<void> {
    this.#step();
    for (let ticks = this.#random(6); ticks > 0; ticks--) await Promise.resolve();
    if (this.#off) await new Promise(() => undefined);
    this.#step();
    done();
  }

  #step(): void {
    if (this.#off) throw diskError('EIO');
    if (++this.operations < this.crashAt) return;
    this.crash();
    throw diskError('EIO');
  }

  #tear(change: Change): Change[] {
    if ('length' in change || change.data.length < 2) return [change];
    const cut = 1 + this.#random(change.data.length - 1);
    const pieces: Change[] = [];
    for (let start = 0; start < change.data.length;) {
      const end = start < cut ? cut : Math.min(change.data.length, start + 512);
      pieces.push({ offset: change.offset + start, data: change.data.subarray(start, end) });
      start = end;
    }
    return pieces;
  }
}
