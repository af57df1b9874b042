/** What the rules for one pattern grant together, over all policies of a token. */
import { capabilityBits, type Capabilities } from './capability.ts';
import type { PolicyRule } from './parse.ts';
import type { Pattern } from './pattern.ts';
import type { Value } from './value.ts';

/** The union of all rules with one pattern. */
export interface Grant {
  readonly pattern: Pattern;
  /** Names of the policies that hold it, in the order given. */
  readonly policies: readonly string[];
  readonly capabilities: Capabilities;
  readonly allowedParameters: ReadonlyMap<string, readonly Value[]>;
  readonly deniedParameters: ReadonlyMap<string, readonly Value[]>;
  readonly requiredParameters: ReadonlySet<string>;
  readonly minWrappingTtl: number;
  readonly maxWrappingTtl: number;
}

/** A rule and the policy it stands in. */
export interface Source {
  readonly policy: string;
  readonly rule: PolicyRule;
}

/**
 * Unites rules with one pattern. Capabilities are united; a deny in one leaves nothing else. Parameters are merged as Vault does,
 * which can also narrow: a rule with `allowed_parameters` restricts one without. The lesser bound of wrapping TTLs wins.
 */
export function uniteRules(pattern: Pattern, sources: readonly Source[]): Grant {
  const policies = [...new Set(sources.map(({ policy }) => policy))];
  const denied = sources.some(({ rule }) => (rule.capabilities & capabilityBits.deny) !== 0);
  const rules = denied ? [] : sources.map(({ rule }) => rule);
  return {
    pattern,
    policies,
    capabilities: denied ? capabilityBits.deny : rules.reduce((bits, rule) => bits | rule.capabilities, 0),
    allowedParameters: uniteLists(rules.map((rule) => rule.allowedParameters)),
    deniedParameters: uniteLists(rules.map((rule) => rule.deniedParameters)),
    requiredParameters: new Set(rules.flatMap((rule) => rule.requiredParameters)),
    minWrappingTtl: rules.reduce((ttl, rule) => lesser(ttl, rule.minWrappingTtl), 0),
    maxWrappingTtl: rules.reduce((ttl, rule) => lesser(ttl, rule.maxWrappingTtl), 0),
  };
}

/** Any value (an empty list) in one stays any value. */
function uniteLists(all: readonly ReadonlyMap<string, readonly Value[]>[]): ReadonlyMap<string, readonly Value[]> {
  const united = new Map<string, Value[]>();
  for (const lists of all) {
    for (const [name, values] of lists) {
      const held = united.get(name);
      if (!held || values.length === 0) united.set(name, [...values]);
      else if (held.length > 0) for (const value of values) held.push(value);
    }
  }
  return united;
}

function lesser(a: number, b: number): number {
  return a === 0 || b === 0 ? a + b : Math.min(a, b);
}
