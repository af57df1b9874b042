/** How much of the bodies of all requests is held at once: without a bound on the sum, a bound on each is worth little. */

/** Bytes of one body that are not counted: whoever sends little is served whatever others send. */
const freeBytes = 65_536;

/** The largest bodies, as a number, that may be held at once. */
export const largestBodiesMax = 16;

/** The sum for one listener. */
export class HeldBodies {
  #bytes = 0;

  /** Begins to count one body. @param bodyBytesMax bound of one body, in bytes */
  open(bodyBytesMax: number): HeldBody {
    let counted = 0;
    return {
      grow: (bytes) => {
        const more = Math.max(0, bytes - freeBytes) - counted;
        if (this.#bytes + more > largestBodiesMax * bodyBytesMax) return false;
        this.#bytes += more;
        counted += more;
        return true;
      },
      release: () => {
        this.#bytes -= counted;
        counted = 0;
      },
    };
  }
}

/** The part of one body in the sum. */
export interface HeldBody {
  /** Counts the body as so many bytes. @returns false when all together would be too much */
  grow(bytes: number): boolean;
  release(): void;
}
