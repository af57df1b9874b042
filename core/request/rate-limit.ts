/** Counts requests by client address before anything of a body is read. */
import { RecentMap } from '../barrier/recent-map.ts';

/** Sustained rate and burst of one address. `perSecond` 0: unlimited. */
export interface RateLimit {
  readonly perSecond: number;
  readonly burst: number;
}

const bucketsMax = 100_000;

/** A token bucket for each address; memory is bounded by forgetting who has not asked for longest. */
export class RateLimiter {
  #limit: RateLimit;
  readonly #buckets = new RecentMap<{ tokens: number; at: number }>(bucketsMax);

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  /** Goes on with another limit; what an address has used up stays used up. */
  change(limit: RateLimit): void {
    this.#limit = limit;
  }

  /**
   * Takes one request.
   * @param nowMs of a clock that does not jump
   * @returns 0 when it is admitted, otherwise the whole seconds after which to try again
   */
  take(address: string, nowMs: number): number {
    const { perSecond, burst } = this.#limit;
    if (perSecond === 0) return 0;
    let bucket = this.#buckets.get(address);
    if (bucket === undefined) {
      bucket = { tokens: burst, at: nowMs };
      this.#buckets.set(address, bucket);
    }
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.at) / 1000) * perSecond);
    bucket.at = nowMs;
    if (bucket.tokens < 1) return Math.max(1, Math.ceil((1 - bucket.tokens) / perSecond));
    bucket.tokens--;
    return 0;
  }
}
