/** What was compiled of policies and is kept: a compiled rule takes about a KiB, so it is rules that are bounded, and not how many have some. */

interface Kept<T> {
  readonly value: T;
  readonly weight: number;
}

/** Values by name; the one that was kept first leaves first. */
export class KeptByRules<T> {
  readonly #rulesMax: number;
  readonly #kept = new Map<string, Kept<T>>();
  #weight = 0;

  /** @param rulesMax of all values together; the newest stays even if it has more */
  constructor(rulesMax: number) {
    this.#rulesMax = rulesMax;
  }

  get(name: string): T | undefined {
    return this.#kept.get(name)?.value;
  }

  /** Keeps a value in place of what had its name. @param rules that it has */
  keep(name: string, value: T, rules: number): void {
    this.#forget(name);
    // One without rules takes room as well.
    const weight = rules + 1;
    this.#kept.set(name, { value, weight });
    this.#weight += weight;
    for (const oldest of this.#kept.keys()) {
      if (this.#weight <= this.#rulesMax || oldest === name) break;
      this.#forget(oldest);
    }
  }

  #forget(name: string): void {
    this.#weight -= this.#kept.get(name)?.weight ?? 0;
    this.#kept.delete(name);
  }

  clear(): void {
    this.#kept.clear();
    this.#weight = 0;
  }
}
