/** How long leases last. */

/** Bounds of a mount, in seconds. */
export interface LeaseBounds {
  readonly defaultTtl: number;
  readonly maxTtl: number;
}

/** What a lease gets of what its engine asks for, which may be anything. Seconds. */
export function grantedLease(
  wish: { readonly ttl?: number; readonly maxTtl?: number },
  bounds: LeaseBounds,
): { readonly ttl: number; readonly maxTtl: number } {
  const maxTtl = Math.min(positive(wish.maxTtl) ?? bounds.maxTtl, bounds.maxTtl);
  return { ttl: Math.min(positive(wish.ttl) ?? bounds.defaultTtl, maxTtl), maxTtl };
}

function positive(seconds: number | undefined): number | undefined {
  return seconds !== undefined && Number.isSafeInteger(seconds) && seconds > 0 ? seconds : undefined;
}
