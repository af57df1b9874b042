/** Policies in the store (`core/policy/<name>`) and the Acl of a list of names, compiled once per change of any of them. */
import type { ReadSet, Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import type { Identity } from '../identity/identities.ts';
import { wrappingPolicy } from '../identity/token.ts';
import type { Revision, Slot } from '../storage/types.ts';
import { type Acl, rootAcl } from './acl.ts';
import { compilePolicies, isTemplated, type NamedPolicy } from './compile.ts';
import { identityResolver } from './identity-template.ts';
import { KeptByRules } from './kept-by-rules.ts';
import { parsePolicy, type Policy } from './parse.ts';

/** Directory of the policies. */
export const policyDirectory = 'core/policy/';
/** Names that a caller may not write. */
export const immutablePolicies: readonly string[] = ['root', wrappingPolicy];
/** Longest name, in UTF-16 units. */
export const policyNameMax = 256;

/** A stored policy. */
export interface StoredPolicy {
  /** As it was written. */
  readonly text: string;
  readonly policy: Policy;
}

interface Compiled {
  readonly reads: ReadSet;
  /** For whoever has no entity. */
  readonly acl: Acl;
  /** The policies, where a rule of any depends on who is calling. */
  readonly templated: readonly NamedPolicy[] | undefined;
}

/** Templated policies, compiled for one identity. Good for exactly this identity and these policies. */
interface Personal {
  readonly identity: Identity;
  readonly of: readonly NamedPolicy[];
  readonly acl: Acl;
}

/** What a wrapping token may do, besides what anybody may: take its answer. */
const wrappingText = `path "cubbyhole/response" { capabilities = ["create", "read"] }
path "sys/wrapping/unwrap" { capabilities = ["update"] }
`;
const wrappingStored: StoredPolicy = { text: wrappingText, policy: parsePolicy(wrappingText) };

/** Most rules of lists of policies that are kept compiled; and of those that are kept for one identity each. */
const rulesMax = 200_000;

function parseStored(value: Uint8Array): StoredPolicy {
  const text = Buffer.from(value).toString();
  return { text, policy: parsePolicy(text) };
}

/** Lower-cases and checks a policy's name. @throws StrongroomError `invalid` */
export function policyName(name: string): string {
  const lower = name.toLowerCase();
  if (lower === '' || lower.length > policyNameMax || lower.includes('/'))
    throw new StrongroomError('invalid', `policy name: must have 1 to ${policyNameMax} characters and no slash`);
  return lower;
}

/** Reads and writes policies inside transactions. */
export class PolicyStore {
  /** By names. */
  readonly #compiled = new KeptByRules<Compiled>(rulesMax);
  /** By entity and names. */
  readonly #personal = new KeptByRules<Personal>(rulesMax);

  /** A policy by its (lower-cased) name; undefined when there is none. */
  async read(tx: Transaction, name: string): Promise<StoredPolicy | undefined> {
    return name === wrappingPolicy ? wrappingStored : tx.derived(policyDirectory + name, parseStored);
  }

  /** Names in order, `root` last. */
  async names(tx: Transaction): Promise<readonly string[]> {
    return [...(await tx.list(policyDirectory)), 'root'];
  }

  /** Writes a policy. @throws StrongroomError `invalid` for a text that doesn't parse, or a name that nobody may write */
  write(tx: Transaction, name: string, text: string): void {
    if (immutablePolicies.includes(name)) throw new StrongroomError('invalid', `cannot update ${name} policy`);
    parsePolicy(text);
    tx.put(policyDirectory + name, Buffer.from(text));
  }

  /** Deletes a policy, whether it exists or not. */
  delete(tx: Transaction, name: string): void {
    tx.delete(policyDirectory + name);
  }

  /**
   * The Acl of a token's policies. Names without a policy grant nothing.
   * @param identity of the token's entity, as this transaction has found it; undefined: it has none, and no templated rule is its
   */
  acl(tx: Transaction, names: readonly string[], identity?: Identity): Acl | Promise<Acl> {
    if (names.includes('root')) return rootAcl;
    const id = names.join('\0');
    const kept = this.#compiled.get(id);
    if (kept !== undefined && tx.dependAll(kept.reads)) return this.#aclFor(kept, id, identity);
    return this.#compile(tx, names, id).then((compiled) => this.#aclFor(compiled, id, identity));
  }

  #aclFor({ acl, templated }: Compiled, id: string, identity: Identity | undefined): Acl {
    if (templated === undefined || identity === undefined) return acl;
    const personalId = `${identity.entity.id}\0${id}`;
    const kept = this.#personal.get(personalId);
    // Both are put together anew whenever anything of them changes.
    if (kept !== undefined && kept.identity === identity && kept.of === templated) return kept.acl;
    const personal = { identity, of: templated, acl: compilePolicies(templated, identityResolver(identity)) };
    this.#personal.keep(personalId, personal, rulesOf(templated));
    return personal.acl;
  }

  async #compile(tx: Transaction, names: readonly string[], id: string): Promise<Compiled> {
    const slots: Slot[] = [];
    const movedAt: Revision[] = [];
    const policies: NamedPolicy[] = [];
    for (const name of names) {
      const place = tx.depend(policyDirectory + name);
      slots.push(place.slot);
      movedAt.push(place.movedAt);
      const stored = await this.read(tx, name);
      if (stored !== undefined) policies.push({ name, policy: stored.policy });
    }
    const compiled: Compiled = {
      reads: { slots, movedAt },
      acl: compilePolicies(policies),
      templated: isTemplated(policies) ? policies : undefined,
    };
    tx.check();
    this.#compiled.keep(id, compiled, rulesOf(policies));
    return compiled;
  }

  /** Forgets what was compiled (at seal). */
  clear(): void {
    this.#compiled.clear();
    this.#personal.clear();
  }
}

function rulesOf(policies: readonly NamedPolicy[]): number {
  return policies.reduce((sum, { policy }) => sum + policy.rules.length, 0);
}
