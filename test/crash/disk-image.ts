/**
 * Computes what a disk holds after a kill or a power cut at any event of a trace.
 *
 *   kill        everything that was done before stays
 *   power cut   what a finished sync covered stays; of the rest any subset, writes possibly torn; names need a sync of their directory;
 *               a file that only grows keeps a torn beginning of the rest, where the file system moves its length last (`growing: ordered`),
 *               or any of it, with zeros between
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { TraceEvent } from './trace.ts';

/** Numbers from 0 (inclusive) to `below` (exclusive). */
export type Choose = (below: number) => number;

/** How the process ended. `keep`: which of the unsynced changes survive; `growing`: in which order those of the audit file may. */
export type Ending =
  | { readonly kind: 'kill' }
  | {
      readonly kind: 'power-cut';
      readonly keep: 'none' | 'some';
      readonly growing: 'ordered' | 'any';
      readonly choose: Choose;
    };

interface Change {
  readonly at: number;
  readonly apply: (content: Buffer) => Buffer;
  /** A part of it; `start`: its beginning. */
  readonly torn?: (choose: Choose, start: boolean) => (content: Buffer) => Buffer;
}

interface Inode {
  /** Only ever written at its end: the audit file. */
  readonly grows: boolean;
  durable: Buffer;
  pending: Change[];
}

type Name = Inode | 'directory';
type Names = Map<string, Name>;

interface NameChange {
  readonly at: number;
  readonly directory: string;
  readonly apply: (names: Names) => void;
}

/** Replays a trace up to an event. */
export class DiskImage {
  readonly #names: Names = new Map();
  readonly #seen: Names = new Map();
  #pendingNames: NameChange[] = [];
  readonly #inodes = new Map<bigint, Inode>();
  readonly #syncs = new Map<number, number>();

  /** @param cut events before this one have happened */
  constructor(events: readonly TraceEvent[], cut: number) {
    for (const [at, event] of events.slice(0, cut).entries()) this.#take(at, event);
  }

  #take(at: number, event: TraceEvent): void {
    switch (event.kind) {
      case 'create': {
        const inode: Inode = { grows: event.path.endsWith('/audit.log'), durable: Buffer.alloc(0), pending: [] };
        this.#inodes.set(event.inode, inode);
        this.#rename(at, dirname(event.path), (names) => names.set(event.path, inode));
        return;
      }
      case 'mkdir':
        this.#rename(at, dirname(event.path), (names) => names.set(event.path, 'directory'));
        return;
      case 'unlink':
        this.#rename(at, dirname(event.path), (names) => names.delete(event.path));
        return;
      case 'rename': {
        const moved = this.#seen.get(event.path);
        if (moved === undefined) return;
        this.#rename(at, dirname(event.to), (names) => {
          names.delete(event.path);
          names.set(event.to, moved);
        });
        return;
      }
      case 'write':
        this.#inodes.get(event.inode)?.pending.push({
          at,
          apply: (content) => put(content, event.offset, event.data),
          torn: (choose, start) => {
            const middle = choose(event.data.length + 1);
            const part = start || choose(2) === 0 ? event.data.subarray(0, middle) : event.data.subarray(middle);
            return (content) =>
              part.length === 0 ? content : put(content, event.offset + (part.byteOffset - event.data.byteOffset), part);
          },
        });
        return;
      case 'truncate':
        this.#inodes.get(event.inode)?.pending.push({ at, apply: (content) => resize(content, event.length) });
        return;
      case 'sync-begin':
        this.#syncs.set(event.serial, at);
        return;
      case 'sync-end':
        this.#sync(event, this.#syncs.get(event.serial) ?? 0);
        return;
      case 'answer':
        return;
    }
  }

  #rename(at: number, directory: string, apply: (names: Names) => void): void {
    apply(this.#seen);
    this.#pendingNames.push({ at, directory, apply });
  }

  #sync({ path, inode: number }: { readonly path: string; readonly inode: bigint }, began: number): void {
    const inode = this.#inodes.get(number);
    if (inode !== undefined) {
      for (const change of inode.pending) if (change.at < began) inode.durable = change.apply(inode.durable);
      inode.pending = inode.pending.filter((change) => change.at >= began);
      return;
    }
    for (const change of this.#pendingNames) if (change.directory === path && change.at < began) change.apply(this.#names);
    this.#pendingNames = this.#pendingNames.filter((change) => change.directory !== path || change.at >= began);
  }

  /** Writes what is left below `root` of the trace into `target`, an existing directory. */
  write(root: string, target: string, ending: Ending): void {
    const names = new Map(this.#names);
    for (const change of this.#pendingNames) if (survives(ending)) change.apply(names);
    for (const [path, name] of [...names].sort(([a], [b]) => (a < b ? -1 : 1))) {
      // Without its directory's name a file can't be found.
      if (dirname(path) !== root && names.get(dirname(path)) !== 'directory') {
        names.delete(path);
        continue;
      }
      const place = join(target, relative(root, path));
      if (name === 'directory') mkdirSync(place, { mode: 0o700 });
      else writeFileSync(place, this.#content(name, ending), { mode: 0o600 });
    }
  }

  #content(inode: Inode, ending: Ending): Buffer {
    let content = inode.durable;
    for (const change of inode.pending) {
      if (ending.kind === 'kill') content = change.apply(content);
      else if (ending.keep === 'some') {
        const { choose } = ending;
        const ordered = inode.grows && ending.growing === 'ordered';
        const fate = choose(3);
        if (fate === 1) content = change.apply(content);
        if (fate === 2 && change.torn !== undefined) content = change.torn(choose, ordered)(content);
        if (ordered && fate !== 1) break;
      }
    }
    return content;
  }
}

function survives(ending: Ending): boolean {
  return ending.kind === 'kill' || (ending.keep === 'some' && ending.choose(2) === 1);
}

function put(content: Buffer, offset: number, data: Buffer): Buffer {
  const result = resize(content, Math.max(content.length, offset + data.length));
  data.copy(result, offset);
  return result;
}

function resize(content: Buffer, length: number): Buffer {
  const result = Buffer.alloc(length);
  content.copy(result, 0, 0, length);
  return result;
}
