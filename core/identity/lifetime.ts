/** The one place that computes lifetimes. All durations are whole seconds, all moments milliseconds since 1970. */

/** 768 h, the default and the maximum of the system. */
export const systemTtlSeconds: number = 768 * 3600;

/** What bounds a lifetime. `undefined` or 0: no bound of this kind. */
export interface TtlBounds {
  readonly defaultTtl: number;
  readonly maxTtl: number;
}

/** What a caller asks for. */
export interface TtlWish {
  readonly ttl: number;
  readonly explicitMaxTtl: number;
  readonly period: number;
}

/** Whether something with this expiry is over. `undefined` never expires (root tokens only). */
export function isExpired(expiresAt: number | undefined, now: number): boolean {
  return expiresAt !== undefined && now >= expiresAt;
}

/** Whole seconds left, rounded down as Vault does; 0 for what never expires. */
export function secondsLeft(expiresAt: number | undefined, now: number): number {
  return expiresAt === undefined ? 0 : Math.max(0, Math.floor((expiresAt - now) / 1000));
}

/**
 * The lifetime that is granted, counted from `now`, with the warnings Vault gives.
 * @param issuedAt when the token was created: maxima count from there
 */
export function grantTtl(
  wish: TtlWish,
  bounds: TtlBounds,
  issuedAt: number,
  now: number,
): { readonly ttl: number; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const asked = wish.period > 0 ? wish.period : wish.ttl > 0 ? wish.ttl : bounds.defaultTtl;
  const maximum = wish.period > 0 ? Number.POSITIVE_INFINITY : bounds.maxTtl;
  const spent = Math.floor((now - issuedAt) / 1000);
  let granted = asked;
  if (granted > maximum - spent) {
    granted = Math.max(0, maximum - spent);
    if (wish.ttl > 0) warnings.push(`TTL of "${asked}s" exceeded the effective max_ttl of "${maximum}s"; TTL value is capped accordingly`);
  }
  if (wish.explicitMaxTtl > 0 && granted > wish.explicitMaxTtl - spent) {
    granted = Math.max(0, wish.explicitMaxTtl - spent);
    if (asked > wish.explicitMaxTtl && spent === 0) {
      warnings.push(`TTL of "${asked}s" exceeded the explicit max TTL of "${wish.explicitMaxTtl}s"; TTL value is capped accordingly`);
    }
  }
  return { ttl: granted, warnings };
}
