/** Turns the policies of a token into an Acl. */
import { aclOf, type Acl } from './acl.ts';
import { uniteRules, type Source } from './grant.ts';
import { Matcher } from './matcher.ts';
import type { Policy } from './parse.ts';
import { parsePattern, type Pattern } from './pattern.ts';
import { fillTemplate, hasTemplate, type TemplateResolver } from './template.ts';

/** A policy under its name. */
export interface NamedPolicy {
  readonly name: string;
  readonly policy: Policy;
}

/**
 * Compiles policies, in time linear in their rules. Rules with the same pattern are united. A rule whose template has no value for this
 * caller is left out; without a resolver, so is every templated rule.
 * @param policies those of the token; the policy `root` is `rootAcl` and not compiled
 * @throws StrongroomError `denied` when a template's value holds `/`, `*` or `+`
 */
export function compilePolicies(policies: readonly NamedPolicy[], template?: TemplateResolver): Acl {
  const byPattern = new Map<string, { readonly pattern: Pattern; readonly sources: Source[] }>();
  for (const { name, policy } of policies) {
    for (const rule of policy.rules) {
      const pattern = hasTemplate(rule.path) ? template && fillTemplate(rule.path, template) : parsePattern(rule.path);
      if (!pattern) continue;
      const held = byPattern.get(pattern.source);
      if (held) held.sources.push({ policy: name, rule });
      else byPattern.set(pattern.source, { pattern, sources: [{ policy: name, rule }] });
    }
  }
  const grants = [...byPattern.values()].map(({ pattern, sources }) => uniteRules(pattern, sources));
  return aclOf(new Matcher(grants), grants);
}
