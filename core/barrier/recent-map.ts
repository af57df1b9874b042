/**
 * A map of bounded size that forgets what was longest unused, in two generations: when the newer is full it becomes the older, and what was the
 * older is dropped. Taking the first entry out of a full Map, again and again, costs its size each time, since it walks over what was deleted.
 */
export class RecentMap<V> {
  readonly #sizeMax: number;
  readonly #sizeOf: (key: string, value: V) => number;
  #newer = new Map<string, V>();
  #older = new Map<string, V>();
  #newerSize = 0;

  /**
   * @param sizeMax of all entries together; of those used last, at least half as much is there
   * @param sizeOf an entry: the same each time, and at most half of `sizeMax`; one that has more is there all the same until others come
   */
  constructor(sizeMax: number, sizeOf: (key: string, value: V) => number = () => 1) {
    this.#sizeMax = sizeMax;
    this.#sizeOf = sizeOf;
  }

  /** The value of a key; a use. */
  get(key: string): V | undefined {
    const found = this.#newer.get(key);
    if (found !== undefined) return found;
    const old = this.#older.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** Adds or replaces. */
  set(key: string, value: V): void {
    this.delete(key);
    const size = this.#sizeOf(key, value);
    if (this.#newerSize + size > this.#sizeMax / 2) {
      this.#older = this.#newer;
      this.#newer = new Map();
      this.#newerSize = 0;
    }
    this.#newer.set(key, value);
    this.#newerSize += size;
  }

  delete(key: string): void {
    const held = this.#newer.get(key);
    if (held !== undefined) this.#newerSize -= this.#sizeOf(key, held);
    if (!this.#newer.delete(key)) this.#older.delete(key);
  }

  clear(): void {
    this.#newer.clear();
    this.#older.clear();
    this.#newerSize = 0;
  }

  /** How many entries there are. */
  get count(): number {
    return this.#newer.size + this.#older.size;
  }
}
