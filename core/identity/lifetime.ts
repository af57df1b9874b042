/** The one place that computes lifetimes. All durations are whole seconds, all moments milliseconds since 1970. */
import { StrongroomError } from '../errors.ts';

/** 768 h, the default and the maximum of the system. */
export const systemTtlSeconds: number = 768 * 3600;

/** What bounds a lifetime, and what it is when nobody asks. Both are at least 1. */
export interface TtlBounds {
  readonly defaultTtl: number;
  readonly maxTtl: number;
}

/** What is asked for, by a caller or a role. 0: nothing of this kind. */
export interface TtlWish {
  readonly ttl: number;
  readonly explicitMaxTtl: number;
  readonly period: number;
}

/** A lifetime. */
export interface Granted {
  /** Whole seconds, rounded up. */
  readonly ttl: number;
  /** The moment it ends: never past a maximum, not by a fraction of a second. */
  readonly expiresAt: number;
  readonly warnings: readonly string[];
}

/** Whether something with this expiry is over. `undefined` never expires (root tokens only). */
export function isExpired(expiresAt: number | undefined, now: number): boolean {
  return expiresAt !== undefined && now >= expiresAt;
}

/** Whole seconds left, rounded down as Vault does; 0 for what never expires. */
export function secondsLeft(expiresAt: number | undefined, now: number): number {
  return expiresAt === undefined ? 0 : Math.max(0, Math.floor((expiresAt - now) / 1000));
}

/** A duration as Go prints it: `768h0m0s`, `1m30s`. */
export function goDuration(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = `${seconds % 60}s`;
  return hours > 0 ? `${hours}h${minutes}m${rest}` : minutes > 0 ? `${minutes}m${rest}` : rest;
}

/**
 * The lifetime that is granted, counted from `now`, with the warnings Vault gives. A period takes the place of the TTL and of the
 * system's maximum, and no maximum lets it be longer than itself; an explicit maximum bounds everything.
 * @param issuedAt when the token was created: maxima count from there
 * @throws StrongroomError `invalid` when a maximum is over
 */
export function grantTtl(wish: TtlWish, bounds: TtlBounds, issuedAt: number, now: number): Granted {
  const warnings: string[] = [];
  const explicit = wish.explicitMaxTtl > 0 ? wish.explicitMaxTtl : Number.POSITIVE_INFINITY;
  const maximum = Math.min(bounds.maxTtl, explicit);
  if (wish.period > maximum) {
    warnings.push(
      `period of "${goDuration(wish.period)}" exceeded the effective max_ttl of "${goDuration(maximum)}"; period value is capped accordingly`,
    );
  }
  const asked = wish.period > 0 ? Math.min(wish.period, maximum) : wish.ttl > 0 ? wish.ttl : bounds.defaultTtl;
  const latest = issuedAt + (wish.period > 0 ? explicit : maximum) * 1000;
  if (latest <= now) throw new StrongroomError('invalid', 'past the max TTL, cannot renew');
  const expiresAt = Math.min(now + asked * 1000, latest);
  const ttl = Math.ceil((expiresAt - now) / 1000);
  if (ttl < asked) {
    warnings.push(`TTL of "${goDuration(asked)}" exceeded the effective max_ttl of "${goDuration(ttl)}"; TTL value is capped accordingly`);
  }
  return { ttl, expiresAt, warnings };
}
