/**
 * A map of bounded size that forgets what was longest unused, in two generations: when the newer is full it becomes the older, and what was the
 * older is dropped. Taking the first entry out of a full Map, again and again, costs its size each time, since it walks over what was deleted.
 */
export class RecentMap<V> {
  readonly #sizeMax: number;
  #newer = new Map<string, V>();
  #older = new Map<string, V>();

  /** @param sizeMax how many it holds at most; at least half as many of the last used are there */
  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  /** The value of a key; a use. */
  get(key: string): V | undefined {
    const found = this.#newer.get(key);
    if (found !== undefined) return found;
    const old = this.#older.get(key);
    if (old === undefined) return undefined;
    this.#older.delete(key);
    this.set(key, old);
    return old;
  }

  /** Adds or replaces. */
  set(key: string, value: V): void {
    if (this.#newer.size >= this.#sizeMax / 2) {
      this.#older = this.#newer;
      this.#newer = new Map();
    }
    this.#newer.set(key, value);
  }

  get size(): number {
    return this.#newer.size + this.#older.size;
  }
}
