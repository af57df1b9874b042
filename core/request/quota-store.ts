/**
 * Quotas in the store:
 *
 *     core/quota/rate-limit/<name>    core/quota/lease-count/<name>    core/quota/config
 */
import type { Transaction } from '../barrier/transaction.ts';
import { defaultQuotaConfig, type LeaseQuota, type QuotaConfig, type RateQuota } from './quota.ts';

const root = 'core/quota/';

/** The kinds of quota with what each holds. */
export interface QuotaKinds {
  readonly 'rate-limit': RateQuota;
  readonly 'lease-count': LeaseQuota;
}

/** A kind of quota. */
export type QuotaKind = keyof QuotaKinds;

function parse(value: Uint8Array): unknown {
  // Written only here.
  return JSON.parse(Buffer.from(value).toString());
}

/** Names of the quotas of a kind, in order. */
export function quotaNames(tx: Transaction, kind: QuotaKind): Promise<readonly string[]> {
  return tx.list(`${root}${kind}/`);
}

/** A quota by its name. */
export async function readQuota<K extends QuotaKind>(tx: Transaction, kind: K, name: string): Promise<QuotaKinds[K] | undefined> {
  const stored = await tx.get(`${root}${kind}/${name}`);
  return stored === undefined ? undefined : (parse(stored) as QuotaKinds[K]);
}

/** All quotas of a kind. */
export async function readQuotas<K extends QuotaKind>(tx: Transaction, kind: K): Promise<readonly QuotaKinds[K][]> {
  const quotas: QuotaKinds[K][] = [];
  for (const name of await quotaNames(tx, kind)) {
    const quota = await readQuota(tx, kind, name);
    if (quota !== undefined) quotas.push(quota);
  }
  return quotas;
}

/** Writes a quota. */
export function writeQuota<K extends QuotaKind>(tx: Transaction, kind: K, quota: QuotaKinds[K]): void {
  tx.put(`${root}${kind}/${quota.name}`, Buffer.from(JSON.stringify(quota)));
}

/** Deletes a quota, whether it exists or not. */
export function deleteQuota(tx: Transaction, kind: QuotaKind, name: string): void {
  tx.delete(`${root}${kind}/${name}`);
}

/** What holds for all quotas. */
export async function readQuotaConfig(tx: Transaction): Promise<QuotaConfig> {
  const stored = await tx.get(`${root}config`);
  return stored === undefined ? defaultQuotaConfig : (parse(stored) as QuotaConfig);
}

/** Writes it. */
export function writeQuotaConfig(tx: Transaction, config: QuotaConfig): void {
  tx.put(`${root}config`, Buffer.from(JSON.stringify(config)));
}

/** Lets the quotas of a mount go with it: to another path, or with `to` undefined away. */
export async function moveQuotas(tx: Transaction, from: string, to: string | undefined): Promise<void> {
  for (const kind of ['rate-limit', 'lease-count'] as const) {
    for (const quota of await readQuotas(tx, kind)) {
      if (quota.mount !== from) continue;
      if (to === undefined) deleteQuota(tx, kind, quota.name);
      else writeQuota(tx, kind, { ...quota, mount: to });
    }
  }
}
