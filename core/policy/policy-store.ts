/** Policies in the store (`core/policy/<name>`) and the Acl of a list of names, compiled once per change of any of them. */
import { NotedReads, type Reader } from '../barrier/noted-reads.ts';
import { RecentMap } from '../barrier/recent-map.ts';
import type { ReadSet, Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import type { Identity } from '../identity/identities.ts';
import { wrappingPolicy } from '../identity/token.ts';
import { type Acl, rootAcl } from './acl.ts';
import { compilePolicies, isTemplated, type NamedPolicy } from './compile.ts';
import { identityResolver } from './identity-template.ts';
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
  readonly policies: readonly NamedPolicy[];
  /** For whoever has no entity. */
  readonly acl: Acl;
  /** Whether a rule of any depends on who is calling. */
  readonly templated: boolean;
}

/** Templated policies, compiled for one identity. Good for exactly this identity and these policies. */
interface Personal {
  readonly identity: Identity;
  readonly policies: readonly NamedPolicy[];
  readonly acl: Acl;
}

/** What a wrapping token may do, besides what anybody may: take its answer. */
const wrappingText = `path "cubbyhole/response" { capabilities = ["create", "read"] }
path "sys/wrapping/unwrap" { capabilities = ["update"] }
`;
const wrappingStored: StoredPolicy = { text: wrappingText, policy: parsePolicy(wrappingText) };

/** Most rules of lists of policies that are kept compiled; and of those that are kept for one identity each. A compiled rule takes about a KiB. */
const keptRulesMax = 200_000;

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
  readonly #compiled: RecentMap<Compiled>;
  /** By entity and names. */
  readonly #personal: RecentMap<Personal>;

  /** @param rulesMax how many rules are kept compiled */
  constructor(rulesMax: number = keptRulesMax) {
    this.#compiled = new RecentMap<Compiled>(rulesMax, sizeOf);
    this.#personal = new RecentMap<Personal>(rulesMax, sizeOf);
  }

  /** A policy by its (lower-cased) name; undefined when there is none. */
  async read(tx: Pick<Reader, 'derived'>, name: string): Promise<StoredPolicy | undefined> {
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

  #aclFor({ acl, policies, templated }: Compiled, id: string, identity: Identity | undefined): Acl {
    if (!templated || identity === undefined) return acl;
    const personalId = `${identity.entity.id}\0${id}`;
    const kept = this.#personal.get(personalId);
    // Both are put together anew whenever anything of them changes.
    if (kept !== undefined && kept.identity === identity && kept.policies === policies) return kept.acl;
    const personal = { identity, policies, acl: compilePolicies(policies, identityResolver(identity)) };
    this.#personal.set(personalId, personal);
    return personal.acl;
  }

  async #compile(tx: Transaction, names: readonly string[], id: string): Promise<Compiled> {
    const noted = new NotedReads(tx);
    const policies: NamedPolicy[] = [];
    for (const name of names) {
      const stored = await this.read(noted, name);
      if (stored !== undefined) policies.push({ name, policy: stored.policy });
    }
    const acl = compilePolicies(policies);
    const compiled: Compiled = { reads: noted.checked(), policies, acl, templated: isTemplated(policies) };
    this.#compiled.set(id, compiled);
    return compiled;
  }

  /** Forgets what was compiled (at seal). */
  clear(): void {
    this.#compiled.clear();
    this.#personal.clear();
  }
}

/** What has no rules takes room as well. */
function sizeOf(_key: string, { policies }: Compiled | Personal): number {
  return policies.reduce((sum, { policy }) => sum + policy.rules.length, 1);
}
