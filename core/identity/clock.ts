/**
 * The one clock of expiry. It never runs backwards: a wall clock that is set back un-expires nothing, not even across a restart,
 * because the highest time seen is persisted with the sweeps.
 */

/** A clock that only rises, in milliseconds since 1970. */
export class Clock {
  readonly #wall: () => number;
  #highest: number;

  constructor(wall: () => number, highest = 0) {
    this.#wall = wall;
    this.#highest = highest;
  }

  /** The time: the wall clock's, or the highest ever seen when that is later. */
  now(): number {
    const wall = this.#wall();
    if (wall > this.#highest) this.#highest = wall;
    return this.#highest;
  }

  /** Takes over a persisted time. */
  raise(highest: number): void {
    if (highest > this.#highest) this.#highest = highest;
  }
}
