/** A growing column of latencies. */

/** Collects durations in milliseconds. */
export class Latencies {
  #values: Float64Array = new Float64Array(65_536);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(ms: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = ms;
  }

  /** Gives the value below which each of these shares (0 to 1) of the values lies; 0 where there are none. */
  quantiles(shares: readonly number[]): readonly number[] {
    const sorted = this.#values.slice(0, this.#count).sort();
    return shares.map((share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  }
}
