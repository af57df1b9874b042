/** Station 6: allow or deny, as a value. Pure: everything it needs has been read. */
import type { Json } from '@strongroom/sdk-plugin';
import type { Decision } from '../policy/acl.ts';
import type { Body } from './body.ts';
import type { Head } from './head.ts';
import type { Caller } from './identify.ts';
import { policyPath, type Target } from './route.ts';

const noParameters: ReadonlyMap<string, Json | undefined> = new Map();

/** The parameters a policy may speak of: top-level fields of the body, or the query. */
function parametersOf(head: Head, body: Body): ReadonlyMap<string, Json | undefined> {
  if (body.json !== undefined) return new Map(Object.entries(body.fields as Readonly<Record<string, Json>>));
  return head.query.size === 0 ? noParameters : head.query;
}

/** Decides. The reason of a refusal is for the operator's log and the audit, never for the client. */
export function authorize(head: Head, body: Body, caller: Caller, target: Target): Decision {
  const access = target.kind === 'host' || target.kind === 'engine' ? target.route.access : 'token';
  if (caller.kind !== 'token') {
    if (access === 'public') return { allowed: true, sudo: false, rule: { path: target.kind, policies: [] } };
    return { allowed: false, reason: caller.kind === 'anonymous' ? 'no token was sent' : caller.reason };
  }
  // What there is is no secret to whoever holds a token, as in Vault; what is there stays one.
  if (target.kind === 'help') return { allowed: true, sudo: false, rule: { path: 'help', policies: [] } };
  const decision = caller.acl.decide({
    path: policyPath(head),
    verb: 'verb' in target ? target.verb : head.verb,
    parameters: parametersOf(head, body),
    ...(head.wrapTtl === undefined ? {} : { wrapTtl: head.wrapTtl }),
  });
  if (access === 'public')
    return { allowed: true, sudo: decision.allowed && decision.sudo, rule: decision.rule ?? { path: target.kind, policies: [] } };
  if (decision.allowed && access === 'sudo' && !decision.sudo) {
    return { allowed: false, reason: `the rule ${decision.rule.path} does not grant sudo, which this path needs`, rule: decision.rule };
  }
  return decision;
}
