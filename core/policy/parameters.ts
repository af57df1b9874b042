/** Checks of a request's parameters and wrapping TTL against a grant. */
import type { Json } from '@strongroom/sdk-plugin';
import type { Grant } from './grant.ts';
import { jsonValue, valueMatches, type Value } from './value.ts';

/** The members of a request's body, or of its query: every one that was sent, known to the engine or not. */
export type Parameters = ReadonlyMap<string, Json | undefined>;

/** Says why the wrapping TTL (seconds; undefined or 0 when no wrapping was asked for) is not allowed; undefined when it is. */
export function wrappingFault(grant: Grant, wrapTtl = 0): string | undefined {
  const { minWrappingTtl: min, maxWrappingTtl: max } = grant;
  if (max > 0 && (wrapTtl === 0 || wrapTtl > max)) return `needs wrapping of at most ${max} s`;
  if (min > 0 && (wrapTtl === 0 || wrapTtl < min)) return `needs wrapping of at least ${min} s`;
  // Each rule alone is checked when it is read; only a merge can get here.
  return min > 0 && max > 0 && max < min ? 'allows no wrapping TTL at all' : undefined;
}

/**
 * Says why the parameters are not allowed; undefined when they are. Names are compared without case. Names that only the request knows are not repeated.
 * Order: required, then denied, then allowed; a request without parameters meets only the first.
 */
export function parameterFault(grant: Grant, parameters: Parameters): string | undefined {
  const { allowedParameters: allowed, deniedParameters: denied, requiredParameters: required } = grant;
  if (required.size === 0 && denied.size === 0 && allowed.size === 0) return undefined;
  const given = [...parameters].map(([name, value]) => ({ name: name.toLowerCase(), value }));
  const names = new Set(given.map(({ name }) => name));
  for (const name of required) if (!names.has(name)) return `requires the parameter ${name}`;
  if (given.length === 0) return undefined;
  if (denied.has('*')) return 'denies all parameters';
  for (const { name, value } of given) {
    const values = denied.get(name);
    if (values && oneOf(values, value, true)) return `denies the parameter ${name}, or its value`;
  }
  if (allowed.size === 0) return undefined;
  for (const { name, value } of given) {
    const values = allowed.get(name);
    if (!values && !allowed.has('*')) return 'has allowed_parameters, and one that was sent is not among them';
    if (values && !oneOf(values, value, false)) return `does not allow this value of the parameter ${name}`;
  }
  return undefined;
}

/** An empty list stands for any value. `unknown` is the answer for a value that cannot be compared: it must refuse on both sides. */
function oneOf(values: readonly Value[], given: Json | undefined, unknown: boolean): boolean {
  if (values.length === 0) return true;
  const value = jsonValue(given);
  return value === undefined ? unknown : values.some((listed) => valueMatches(listed, value));
}
