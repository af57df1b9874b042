/** Which patterns can reach below a prefix. */
import { capabilityBits } from './capability.ts';
import type { Grant } from './grant.ts';

/** A name that no rule can spell: patterns hold no control characters. */
const anyName = '\u0000';

/**
 * Tells whether some path below `prefix` is granted. Asks `granted` of the most general paths that each pattern shares with the prefix: a broad
 * allow under a narrower deny is then not counted, an allow inside a deny is.
 */
export function reachableUnder(grants: readonly Grant[], prefix: string, granted: (path: string) => boolean): boolean {
  if (granted(prefix)) return true;
  const depthMax = grants.reduce((depth, { pattern }) => Math.max(depth, pattern.text.split('/').length), 0);
  return grants.some((grant) => {
    if ((grant.capabilities & ~capabilityBits.deny) === 0) return false;
    const path = sharedPath(grant, prefix);
    if (path === undefined) return false;
    if (granted(path)) return true;
    // What is shadowed at one depth by a rule with `+` may be open below it; deeper than every rule nothing changes any more.
    let deeper = path;
    for (let depth = path.split('/').length; grant.pattern.prefix && depth <= depthMax; depth++) {
      deeper += `/${anyName}`;
      if (granted(deeper)) return true;
    }
    return false;
  });
}

/** The most general path that starts with `prefix` (which ends in `/`) and matches the pattern; undefined when there is none. */
function sharedPath({ pattern }: Grant, prefix: string): string | undefined {
  const wanted = prefix.split('/').slice(0, -1);
  const segments = pattern.text.split('/');
  const tail = pattern.prefix ? (segments.pop() ?? '') : undefined;
  const path: string[] = [];
  for (const [index, segment] of segments.entries()) {
    const here = wanted[index];
    if (segment !== '+' && here !== undefined && segment !== here) return undefined;
    path.push(segment === '+' ? (here ?? anyName) : segment);
  }
  const next = wanted[segments.length];
  if (tail === undefined) return next === undefined && path.length > wanted.length ? path.join('/') : undefined;
  if (next === undefined) return [...path, tail + anyName].join('/');
  return next.startsWith(tail) ? prefix + anyName : undefined;
}
