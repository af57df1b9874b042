/**
 * Mounts whose faults are costly for others: an instance that was lost is made anew, an answer beyond every bound fills the process's memory. After
 * the first the mount goes on at once, after the next ones when a pause has passed that grows until the mount answers again.
 */

const firstMs = 100;
const maxMs = 30_000;

/** How long to wait after so many faults in a row (at least 1), in milliseconds. */
export function backOff(faults: number): number {
  return Math.min(maxMs, firstMs * 2 ** (faults - 1));
}

/** By mount. Times are of one clock, in milliseconds. */
export class MountPauses {
  readonly #failing = new Map<string, { readonly times: number; readonly until: number }>();

  /** Notes such a fault of a mount. */
  failed(mountId: string, now: number): void {
    const times = (this.#failing.get(mountId)?.times ?? 0) + 1;
    this.#failing.set(mountId, { times, until: times === 1 ? now : now + backOff(times - 1) });
  }

  /** Notes that a mount has answered. */
  answered(mountId: string): void {
    if (this.#failing.size > 0) this.#failing.delete(mountId);
  }

  /** Whether a mount has to wait. */
  isPaused(mountId: string, now: number): boolean {
    return this.#failing.size > 0 && (this.#failing.get(mountId)?.until ?? now) > now;
  }

  /** How many mounts have to wait. */
  count(now: number): number {
    let count = 0;
    for (const { until } of this.#failing.values()) if (until > now) count += 1;
    return count;
  }
}
