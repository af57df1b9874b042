/** Finds the longest of many prefixes of a text. */

/** Counts the work of a look-up, for tests of its bound. */
export interface StepCount {
  steps: number;
}

/**
 * Prefixes in order, each knowing the longest other one that it starts with. The longest prefix of a text is its predecessor in the
 * order, or one of those on the predecessor's chain: a binary search and one walk, however many prefixes nest.
 */
export class PrefixIndex<T> {
  readonly #prefixes: readonly string[];
  readonly #values: readonly T[];
  readonly #parents: readonly number[];

  /** @param entries each prefix once; '' is a prefix of everything */
  constructor(entries: Iterable<readonly [prefix: string, value: T]>) {
    const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
    this.#prefixes = sorted.map(([prefix]) => prefix);
    this.#values = sorted.map(([, value]) => value);
    const parents: number[] = [];
    const open: number[] = [];
    for (const [index, prefix] of this.#prefixes.entries()) {
      while (open.length > 0 && !prefix.startsWith(this.#prefixes[open.at(-1) ?? 0] ?? '')) open.pop();
      parents.push(open.at(-1) ?? -1);
      open.push(index);
    }
    this.#parents = parents;
  }

  /** Gives the value of the longest entry that `text` starts with. */
  longest(text: string, count?: StepCount): T | undefined {
    let low = 0;
    let high = this.#prefixes.length;
    while (low < high) {
      if (count) count.steps++;
      const middle = (low + high) >>> 1;
      if ((this.#prefixes[middle] ?? '') <= text) low = middle + 1;
      else high = middle;
    }
    let index = low - 1;
    if (index < 0) return undefined;
    const common = commonLength(this.#prefixes[index] ?? '', text);
    while (index >= 0 && (this.#prefixes[index]?.length ?? 0) > common) {
      if (count) count.steps++;
      index = this.#parents[index] ?? -1;
    }
    return index < 0 ? undefined : this.#values[index];
  }
}

function commonLength(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  let at = 0;
  while (at < end && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}
