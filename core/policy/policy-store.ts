/** Policies in the store (`core/policy/<name>`) and the Acl of a list of names, compiled once per change of any of them. */
import type { ReadSet, Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import { wrappingPolicy } from '../identity/token.ts';
import type { Revision, Slot } from '../storage/types.ts';
import { type Acl, rootAcl } from './acl.ts';
import { compilePolicies, type NamedPolicy } from './compile.ts';
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
  readonly acl: Acl;
}

/** What a wrapping token may do, besides what anybody may: take its answer. */
const wrappingText = `path "cubbyhole/response" { capabilities = ["create", "read"] }
path "sys/wrapping/unwrap" { capabilities = ["update"] }
`;
const wrappingStored: StoredPolicy = { text: wrappingText, policy: parsePolicy(wrappingText) };

const compiledMax = 10_000;

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
  readonly #compiled = new Map<string, Compiled>();

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

  /** The Acl of a token's policies. Names without a policy grant nothing. */
  acl(tx: Transaction, names: readonly string[]): Acl | Promise<Acl> {
    if (names.includes('root')) return rootAcl;
    const id = names.join('\0');
    const kept = this.#compiled.get(id);
    return kept !== undefined && tx.dependAll(kept.reads) ? kept.acl : this.#compile(tx, names, id);
  }

  async #compile(tx: Transaction, names: readonly string[], id: string): Promise<Acl> {
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
    const acl = compilePolicies(policies);
    tx.check();
    this.#compiled.delete(id);
    this.#compiled.set(id, { reads: { slots, movedAt }, acl });
    if (this.#compiled.size > compiledMax) {
      const [oldest] = this.#compiled.keys();
      if (oldest !== undefined) this.#compiled.delete(oldest);
    }
    return acl;
  }

  /** Forgets what was compiled (at seal). */
  clear(): void {
    this.#compiled.clear();
  }
}
