/** Counts requests by quota and address, in fixed windows. */
import type { RateQuota } from './quota.ts';
import { RecentMap } from '../barrier/recent-map.ts';

/** Most addresses that are kept, over all quotas; beyond, who has not asked for longest is forgotten. */
export const addressesMax = 100_000;

interface Window {
  used: number;
  /** Of a clock that does not jump, in milliseconds. */
  endsAt: number;
  blockedUntil: number;
}

/** How a request stands to its quota. */
export interface Taken {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Milliseconds after which to try again, or until the window ends. */
  readonly waitMs: number;
}

/** Windows of all addresses under all quotas; memory is bounded. */
export class RequestCounts {
  readonly #windows = new RecentMap<Window>(addressesMax);

  /** Takes one request. @param key tells quotas apart  @param nowMs of a clock that does not jump */
  take(key: string, { rate, interval, blockInterval }: RateQuota, address: string, nowMs: number): Taken {
    const window = this.#window(`${key}\0${address}`, interval, nowMs);
    const limit = Math.ceil(rate);
    const allowed = nowMs >= window.blockedUntil && window.used < limit;
    if (allowed) window.used++;
    else if (nowMs >= window.blockedUntil && blockInterval > 0) window.blockedUntil = nowMs + blockInterval * 1000;
    const until = allowed ? window.endsAt : Math.max(window.blockedUntil, window.used < limit ? 0 : window.endsAt);
    return { allowed, limit, remaining: allowed ? limit - window.used : 0, waitMs: until - nowMs };
  }

  #window(id: string, interval: number, nowMs: number): Window {
    let window = this.#windows.get(id);
    if (window === undefined) {
      window = { used: 0, endsAt: nowMs + interval * 1000, blockedUntil: 0 };
      this.#windows.set(id, window);
    } else if (nowMs >= window.endsAt) {
      window.used = 0;
      window.endsAt = nowMs + interval * 1000;
    }
    return window;
  }

  /** How many addresses are kept. */
  get size(): number {
    return this.#windows.count;
  }
}
