/**
 * The hash chain over audit lines.
 *
 *     {"seq":7,"prev":"<SHA-256, hex, of line 6 without its newline>","time":…,"type":…,…}
 *
 * The chain shows a removed, changed or reordered line. Whoever can write the file can also compute a new chain: the signed checkpoints
 * fix what came before them.
 */
import { hash } from 'node:crypto';

/** `prev` of the very first line. */
export const chainStart: string = '0'.repeat(64);

/** A place in the chain: the last line that is part of it. Seq 0 and `chainStart` before the first. */
export interface ChainPoint {
  readonly seq: number;
  /** SHA-256 of that line, hex. */
  readonly hash: string;
}

/** Gives the hash of a line (without its newline): what the next one carries as `prev`. */
export function lineHash(line: string | Uint8Array): string {
  return hash('sha256', line, 'hex');
}

/** Gives lines their place. */
export class AuditChain {
  #seq: number;
  #hash: string;

  constructor(last: ChainPoint) {
    this.#seq = last.seq;
    this.#hash = last.hash;
  }

  /** The last line that was given out. */
  get point(): ChainPoint {
    return { seq: this.#seq, hash: this.#hash };
  }

  /** Goes on to the next line. @param ofLine its hash */
  advance(ofLine: string): void {
    this.#seq++;
    this.#hash = ofLine;
  }

  /** Takes back lines that no sink was ever given. */
  rewind(to: ChainPoint): void {
    this.#seq = to.seq;
    this.#hash = to.hash;
  }
}

/** What a line says about its place; undefined when it is not a whole line of a chain. */
export interface ChainedLine {
  readonly seq: number;
  readonly prev: string;
  readonly type: string;
  readonly members: Readonly<Record<string, unknown>>;
}

/** Reads a line's place. Markers of type `recovered` have `seq` of the last line that they explain. */
export function readChained(line: string): ChainedLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // JSON.parse quotes its input; nothing of it may go further.
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const members = value as Readonly<Record<string, unknown>>;
  const { seq, prev, type } = members;
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 0) return undefined;
  if (typeof prev !== 'string' || !/^[0-9a-f]{64}$/u.test(prev) || typeof type !== 'string') return undefined;
  return { seq, prev, type, members };
}
