/**
 * The requests under way, for whoever asks what the server is doing.
 *
 * Not a Map: when V8 makes a Map's table anew, the old one keeps its entries and a link to the new one, so that one old table in old space keeps
 * all that come after it. Every request's objects then outlived the young generation, which cost a tenth of the CPU of a read.
 */
import type { Head } from './head.ts';

/** A request under way. */
export interface UnderWay {
  readonly head: Head;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** Those that have begun and not ended. */
export class RequestsUnderWay {
  readonly #slots: (UnderWay | undefined)[] = [];
  readonly #free: number[] = [];

  /** Notes a request. @returns the number that `end` takes */
  begin(request: UnderWay): number {
    const slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[slot] = request;
    return slot;
  }

  /** Forgets a request. @param slot as `begin` gave it; once */
  end(slot: number): void {
    this.#slots[slot] = undefined;
    this.#free.push(slot);
  }

  /** Gives them, the longest under way first. */
  all(): readonly UnderWay[] {
    return this.#slots.filter((request) => request !== undefined).sort((a, b) => a.startedAt - b.startedAt);
  }
}
