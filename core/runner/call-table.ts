/**
 * Running calls by number. A number is never given twice, and those of calls that run at once differ in their remainder, so an array holds them.
 *
 * Not a Map: see `RequestsUnderWay`. What each call holds, its whole transaction, would outlive the young generation.
 */

/** More than run at once in a room. */
const places = 2 ** 14;

function placeOf(number: number): number {
  return (number - 1) % places;
}

/** Gives numbers, from 1. */
export class CallNumbers {
  readonly #last: number[] = [];
  readonly #free: number[] = [];

  /** @throws RangeError while more than 16,384 are taken */
  take(): number {
    const place = this.#free.pop() ?? this.#last.length;
    if (place >= places) throw new RangeError(`more than ${places} calls at once`);
    const last = this.#last[place];
    return (this.#last[place] = last === undefined ? place + 1 : last + places);
  }

  /** Says that a call is over. @param number as `take` gave it; once */
  giveBack(number: number): void {
    this.#free.push(placeOf(number));
  }
}

/** Holds something for each running call. */
export class CallTable<T> {
  #numbers: number[] = [];
  #values: (T | undefined)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Undefined for a number that is not there, whatever it is. */
  get(number: number): T | undefined {
    const place = placeOf(number);
    return this.#numbers[place] === number ? this.#values[place] : undefined;
  }

  /** @param number of a call that is not there */
  add(number: number, value: T): void {
    const place = placeOf(number);
    this.#numbers[place] = number;
    this.#values[place] = value;
    this.#size += 1;
  }

  /** @returns whether it was there */
  delete(number: number): boolean {
    if (this.get(number) === undefined) return false;
    this.#values[placeOf(number)] = undefined;
    this.#size -= 1;
    return true;
  }

  /** Those that are there, by number. */
  entries(): readonly (readonly [number: number, value: T])[] {
    return this.#values.flatMap((value, place) => (value === undefined ? [] : [[this.#numbers[place] ?? 0, value] as const]));
  }
}
