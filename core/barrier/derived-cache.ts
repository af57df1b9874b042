/** What was parsed from entries, kept until the entry changes: validated on every use by the entry's slot. */
import type { Revision, Slot } from '../storage/types.ts';

interface Derived {
  readonly slot: Slot;
  readonly movedAt: Revision;
  readonly value: unknown;
}

/** A bounded map from storage key to parsed value; the oldest insertions leave first. */
export class DerivedCache {
  readonly #entries = new Map<string, Derived>();
  readonly #entriesMax: number;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  /** What is kept for the key, current or not. */
  peek(key: string): Derived | undefined {
    return this.#entries.get(key);
  }

  /** Keeps a value; it is current as long as its slot has not moved. */
  keep(key: string, derived: Derived): void {
    this.#entries.delete(key);
    this.#entries.set(key, derived);
    if (this.#entries.size > this.#entriesMax) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
  }

  /** Forgets everything (at seal). */
  clear(): void {
    this.#entries.clear();
  }
}
