/** The quotas of an unsealed server, as they are enforced: kept in memory, because requests are counted before a transaction opens. */
import { inTransaction } from '../barrier/in-transaction.ts';
import type { Vault } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import { countLeases } from '../lease/lease-count.ts';
import {
  defaultQuotaConfig,
  isExempt,
  type LeaseQuota,
  placePath,
  type QuotaConfig,
  quotaFor,
  type RateQuota,
  roleMatters,
} from './quota.ts';
import { readQuotaConfig, readQuotas } from './quota-store.ts';
import { RequestCounts, type Taken } from './request-counts.ts';

/** Enforces quotas. */
export class Quotas {
  readonly #vault: Vault;
  readonly #counts = new RequestCounts();
  #rates: readonly RateQuota[] = [];
  /** What tells the windows of quotas apart: one that is changed counts anew. */
  #keys: ReadonlyMap<RateQuota, string> = new Map();
  #leases: readonly LeaseQuota[] = [];
  #config: QuotaConfig = defaultQuotaConfig;
  #loading: Promise<void> = Promise.resolve();
  /** By quota: those who are about to issue a lease under it, one after another. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** Takes over what is in the store; after it has resolved, every request that comes is held to it. */
  load(): Promise<void> {
    this.#loading = this.#loading
      .catch(() => {})
      .then(() =>
        inTransaction(this.#vault, async (tx) => {
          const [rates, leases, config] = [
            await readQuotas(tx, 'rate-limit'),
            await readQuotas(tx, 'lease-count'),
            await readQuotaConfig(tx),
          ];
          this.#rates = rates;
          this.#keys = new Map(rates.map((quota) => [quota, JSON.stringify(quota)]));
          this.#leases = leases;
          this.#config = config;
        }),
      );
    return this.#loading;
  }

  /** What holds for all quotas. */
  get config(): QuotaConfig {
    return this.#config;
  }

  /** Whether the role in a request's body decides by which quota it is counted: then it is counted after the body is read. */
  needsRole(path: string): boolean {
    return roleMatters(this.#rates, path);
  }

  /** Counts a request; undefined when no quota is for it. @param nowMs of a clock that does not jump */
  take(path: string, role: string, address: string, nowMs: number): Taken | undefined {
    if (this.#rates.length === 0 || isExempt(this.#config, path)) return undefined;
    const quota = quotaFor(this.#rates, path, role);
    return quota === undefined ? undefined : this.#counts.take(this.#keys.get(quota) ?? '', quota, address, nowMs);
  }

  /**
   * Commits a request that issues a lease, alone among those under the same quota, so that the count that is looked at is the one that is added to.
   * @throws StrongroomError `quota` when there are as many leases as there may be; whatever `commit` throws
   */
  async issueLease<T>(path: string, commit: () => T): Promise<T> {
    const quota = quotaFor(this.#leases, path, '');
    if (quota === undefined) return commit();
    const turn = (this.#turns.get(quota.name) ?? Promise.resolve()).then(async () => {
      const count = await countLeases(this.#vault.storage, placePath(quota), quota.maxLeases);
      if (count >= quota.maxLeases) throw new StrongroomError('quota', `request path "${path}": lease count quota exceeded`);
      return commit();
    });
    const settled = turn.catch(() => {});
    this.#turns.set(quota.name, settled);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(quota.name) === settled) this.#turns.delete(quota.name);
    }
  }
}
