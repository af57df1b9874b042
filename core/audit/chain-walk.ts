/**
 * Follows the lines of one sink, oldest first, and says of each how it fits to those before. Verification and the search for what a power
 * cut took (lost.ts) both walk like this, so that the one accepts exactly what the other found.
 */
import type { KeyObject } from 'node:crypto';
import { chainStart, type ChainedLine, type ChainPoint } from './chain.ts';
import { recoveryMessage, signatureValid, type Gap } from './checkpoint.ts';

/** How a line fits. */
export type Step =
  | { readonly kind: 'follows' }
  /** It follows the line before the last one: that one, with a gap before it, was the torn end of a run. */
  | { readonly kind: 'follows-torn' }
  /** Zeros stand where lines were: a power cut leaves them, and so can a person. Something later must explain it. */
  | { readonly kind: 'gap'; readonly gap: FoundGap }
  | { readonly kind: 'wrong'; readonly what: string };

/** A gap as it is seen. `anchor` is undefined, and `from` 1, where no line stands before it. */
export type FoundGap = Omit<Gap, 'anchor'> & { readonly anchor: string | undefined };

/** The text for what is no line and is not explained. */
export const tornInside = 'not a whole line of the chain, and nothing after it explains that';

/** One walk over the lines of a sink. */
export class ChainWalk {
  readonly #key: KeyObject | undefined;
  #last: ChainPoint | undefined;
  #beforeLast: ChainPoint | undefined;
  /** What stands behind the last line and is none. */
  #rubble: 'none' | 'torn' | 'zeros' = 'none';

  /** @param key Ed25519 public key: recovery markers must then be signed by it */
  constructor(key: KeyObject | undefined) {
    this.#key = key;
  }

  /** The last line; undefined before the first. */
  get last(): ChainPoint | undefined {
    return this.#last;
  }

  /** Takes what is no line. @param zeros it has a zero byte, which nothing that the server writes has */
  unreadable(zeros: boolean): void {
    if (this.#rubble !== 'zeros') this.#rubble = zeros ? 'zeros' : 'torn';
  }

  /** Takes the next line. @param hash its own */
  line(read: ChainedLine, hash: string): Step {
    const step = read.type === 'recovered' ? this.#recovery(read) : this.#chained(read);
    if (step.kind === 'wrong') return step;
    this.#rubble = 'none';
    this.#beforeLast = this.#last;
    // After a recovery marker the chain goes on with the line that the marker stands for.
    this.#last = { seq: read.seq, hash: read.type === 'recovered' ? read.prev : hash };
    return step;
  }

  #chained({ seq, prev, type, members }: ChainedLine): Step {
    const afterCrash = type === 'start' && members['previous'] === 'crashed';
    // A line that a crash cut just before its newline looks whole, but the run after it did not count it.
    if (afterCrash && this.#beforeLast && seq === this.#beforeLast.seq + 1 && prev === this.#beforeLast.hash)
      return { kind: 'follows-torn' };
    const misfit = this.#misfit(seq, prev);
    if (this.#rubble === 'none' || (afterCrash && misfit === undefined)) return misfit === undefined ? follows : wrong(misfit);
    return this.#rubble === 'zeros' ? this.#gapBefore(seq, prev) : wrong(tornInside);
  }

  #misfit(seq: number, prev: string): string | undefined {
    if (!this.#last) return seq === 1 && prev !== chainStart ? 'the first line of the chain does not start it' : undefined;
    if (seq !== this.#last.seq + 1) return `expected line ${this.#last.seq + 1} of the chain`;
    return prev === this.#last.hash ? undefined : 'the hash of the line before does not match: that line or this one was changed';
  }

  /** Zeros, and then a line that may be any later one; zeros between two lines that follow each other are a gap without a line. */
  #gapBefore(seq: number, prev: string): Step {
    const { seq: last, hash: anchor } = this.#last ?? { seq: 0, hash: undefined };
    if (seq <= last || (seq === last + 1 && anchor !== undefined && anchor !== prev)) return wrong(tornInside);
    return { kind: 'gap', gap: { from: last + 1, anchor, to: seq - 1, next: prev } };
  }

  #recovery({ seq, prev, members }: ChainedLine): Step {
    const { from, anchor, time, head } = members;
    if (typeof from !== 'number' || typeof anchor !== 'string' || typeof time !== 'string' || typeof head !== 'number' || from > seq)
      return wrong('a malformed recovery marker');
    const message = recoveryMessage({ from, anchor, seq, prev, time, head });
    if (this.#key && !signatureValid(message, members['sig'], this.#key)) return wrong('a recovery marker without a valid signature');
    if (this.#last) {
      if (this.#last.seq < from - 1 && this.#rubble === 'zeros') return this.#gapBefore(from, anchor);
      if (this.#last.seq < from - 1 || this.#last.seq > seq) return wrong('a recovery marker for other lines than those that are missing');
      if (this.#last.seq === from - 1 && this.#last.hash !== anchor) return wrong('the line before the recovered ones was changed');
      if (this.#last.seq === seq && this.#last.hash !== prev) return wrong('a recovery marker for a line that was changed');
    }
    return follows;
  }
}

const follows: Step = { kind: 'follows' };

function wrong(what: string): Step {
  return { kind: 'wrong', what };
}
