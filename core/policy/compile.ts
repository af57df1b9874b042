/** Turns the policies of a token into an Acl. */
import { aclOf, type Acl, nothingAcl } from './acl.ts';
import { capabilityBits } from './capability.ts';
import { uniteRules, type Source } from './grant.ts';
import { Matcher } from './matcher.ts';
import type { Policy, PolicyRule } from './parse.ts';
import { parsePattern, type Pattern } from './pattern.ts';
import { fillTemplate, hasTemplate, type TemplateResolver } from './template.ts';

/** A policy under its name. */
export interface NamedPolicy {
  readonly name: string;
  readonly policy: Policy;
}

/**
 * Compiles policies, in time linear in their rules. Rules with the same pattern are united. A rule whose template has no value for this
 * caller, or one that can't stand in a path, is left out; without a resolver, so is every templated rule. A deny whose value can't stand
 * in a path may not be left out: then nothing is allowed.
 * @param policies those of the token; the policy `root` is `rootAcl` and not compiled
 */
export function compilePolicies(policies: readonly NamedPolicy[], template?: TemplateResolver): Acl {
  const byPattern = new Map<string, { readonly pattern: Pattern; readonly sources: Source[] }>();
  for (const { name, policy } of policies) {
    for (const rule of policy.rules) {
      const pattern = patternOf(rule, template);
      if (pattern === undefined) continue;
      if (pattern === 'unfit deny') return nothingAcl('a deny of a policy names a value of the identity that cannot stand in a path');
      const held = byPattern.get(pattern.source);
      if (held) held.sources.push({ policy: name, rule });
      else byPattern.set(pattern.source, { pattern, sources: [{ policy: name, rule }] });
    }
  }
  const grants = [...byPattern.values()].map(({ pattern, sources }) => uniteRules(pattern, sources));
  return aclOf(new Matcher(grants), grants);
}

/** Whether any rule depends on who is calling. */
export function isTemplated(policies: readonly NamedPolicy[]): boolean {
  return policies.some(({ policy }) => policy.rules.some(({ path }) => hasTemplate(path)));
}

function patternOf({ path, capabilities }: PolicyRule, template: TemplateResolver | undefined): Pattern | 'unfit deny' | undefined {
  if (!hasTemplate(path)) return parsePattern(path);
  if (template === undefined) return undefined;
  const filled = fillTemplate(path, template);
  if (filled.kind === 'pattern') return filled.pattern;
  return filled.kind === 'unfit' && (capabilities & capabilityBits.deny) !== 0 ? 'unfit deny' : undefined;
}
