/**
 * The table of revisions that transactions check against. A slot is a seeded hash of a key or of a directory (with its slash);
 * the table says when anything in the slot last changed. A check is an array load, and absent things have slots like present ones.
 */
import type { Expectation, Revision, Slot } from './types.ts';
import { Conflict } from './types.ts';
import { parentOf } from './keys.ts';

/** Number of slots: 8 MiB of revisions; at 1 M live keys one needless restart per million unrelated (read, write) pairs. */
const slotCount = 2 ** 20;

/** Revisions by slot. The seed keeps an outsider from choosing names that collide. */
export class SlotTable {
  readonly #moved = new Float64Array(slotCount);
  readonly #seed: number;
  /** No slot stands before this; writing it into each would touch 8 MiB at every start. */
  #floor: Revision = 0;

  /** @param seed any 32-bit number, random for each process */
  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  /** Gives the slot of a key or of a directory with its slash. */
  slot(name: string): Slot {
    let hash = this.#seed ^ 0x811c9dc5;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return ((hash ^ (hash >>> 16)) >>> 0) % slotCount;
  }

  /** Gives the revision of the last change in a slot. */
  movedAt(slot: Slot): Revision {
    return Math.max(this.#floor, this.#moved[slot] ?? 0);
  }

  /** Says that the key or directory changed at `revision`. */
  move(name: string, revision: Revision): void {
    this.#moved[this.slot(name)] = revision;
  }

  /**
   * Says that a key appeared or vanished: moves its directory, and upward as long as the directory itself thereby appeared or vanished.
   * @param previous the key's neighbour before it in the order, `next` the one after it
   */
  moveListings(key: string, previous: string | undefined, next: string | undefined, revision: Revision): void {
    for (let directory = parentOf(key); ; directory = parentOf(directory.slice(0, -1))) {
      this.move(directory, revision);
      if (directory === '' || previous?.startsWith(directory) === true || next?.startsWith(directory) === true) return;
    }
  }

  /** Puts every slot at `revision` at least: after opening, nothing read before may be believed. */
  fill(revision: Revision): void {
    this.#floor = Math.max(this.#floor, revision);
  }

  /** Throws `Conflict` when a slot of the expectation moved after its revision. */
  check(expect: Expectation | undefined): void {
    if (expect === undefined) return;
    for (const slot of expect.slots) {
      if (this.movedAt(slot) > expect.at) throw new Conflict('something that the commit depends on has changed');
    }
  }
}
