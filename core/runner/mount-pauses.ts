/**
 * Mounts that lost one instance after another. To make an instance costs the worker's other mounts some milliseconds, so the first one is replaced
 * at once, and the next ones after a pause that grows until the mount answers again.
 */

const firstMs = 100;
const maxMs = 30_000;

/** How long to wait after so many faults in a row (at least 1), in milliseconds. */
export function backOff(faults: number): number {
  return Math.min(maxMs, firstMs * 2 ** (faults - 1));
}

/** By mount. Times are of one clock, in milliseconds. */
export class MountPauses {
  readonly #lost = new Map<string, { readonly times: number; readonly until: number }>();

  /** Notes that a mount has lost its instance. */
  lost(mountId: string, now: number): void {
    const times = (this.#lost.get(mountId)?.times ?? 0) + 1;
    this.#lost.set(mountId, { times, until: times === 1 ? now : now + backOff(times - 1) });
  }

  /** Notes that a mount has answered. */
  answered(mountId: string): void {
    if (this.#lost.size > 0) this.#lost.delete(mountId);
  }

  /** Whether a mount has to wait. */
  isPaused(mountId: string, now: number): boolean {
    return this.#lost.size > 0 && (this.#lost.get(mountId)?.until ?? now) > now;
  }

  /** How many mounts have to wait. */
  count(now: number): number {
    let count = 0;
    for (const { until } of this.#lost.values()) if (until > now) count += 1;
    return count;
  }
}
