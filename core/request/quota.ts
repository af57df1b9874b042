/** Quotas as operators set them: how many requests of an address, or how many leases, a part of the server bears. */

/** The part of the server that a quota is for. */
export interface QuotaPlace {
  /** With its trailing slash; '' for the whole server. */
  readonly mount: string;
  /** Below the mount, without slashes at its ends; a trailing `*` stands for anything. '' for all of it. */
  readonly suffix: string;
  /** Of an auth mount: the role that a login names; '' for any. */
  readonly role: string;
}

/** Requests of one address. */
export interface RateQuota extends QuotaPlace {
  readonly name: string;
  /** Requests in each interval. */
  readonly rate: number;
  /** Seconds. */
  readonly interval: number;
  /** Seconds for which an address is refused once it has asked too often; 0: until the interval ends. */
  readonly blockInterval: number;
}

/** Leases that are there at once. */
export interface LeaseQuota extends QuotaPlace {
  readonly name: string;
  readonly maxLeases: number;
}

/** What holds for all quotas. */
export interface QuotaConfig {
  /** Paths, each with all below it, or with a trailing `*`, that no rate quota is for. */
  readonly exemptPaths: readonly string[];
  readonly absoluteExemptPaths: readonly string[];
  /** Whether a request over its rate is recorded. */
  readonly auditLogging: boolean;
  readonly responseHeaders: boolean;
}

/** The config of a new server. */
export const defaultQuotaConfig: QuotaConfig = { exemptPaths: [], absoluteExemptPaths: [], auditLogging: false, responseHeaders: false };

/** The path of a place as it is written and shown. */
export function placePath({ mount, suffix }: QuotaPlace): string {
  return mount + suffix;
}

function covers({ mount, suffix, role }: QuotaPlace, path: string, asked: string): boolean {
  if (role !== '' && role !== asked) return false;
  if (!`${path}/`.startsWith(mount)) return false;
  if (suffix === '') return true;
  const rest = path.slice(mount.length);
  return suffix.endsWith('*') ? rest.startsWith(suffix.slice(0, -1)) : rest === suffix;
}

/** A role beats a path, a path beats one that ends in `*`, the longer beats the shorter, and anything the whole server. */
function specificity({ mount, suffix, role }: QuotaPlace): readonly number[] {
  return [role === '' ? 0 : 1, suffix !== '' && !suffix.endsWith('*') ? 1 : 0, suffix.length, mount.length];
}

function moreSpecific(a: QuotaPlace, b: QuotaPlace): boolean {
  const [of, than] = [specificity(a), specificity(b)];
  const index = of.findIndex((rank, at) => rank !== than[at]);
  return index >= 0 && of[index]! > than[index]!;
}

/** The one quota that counts for a path: the most specific. @param role that a login names; '' for none */
export function quotaFor<Q extends QuotaPlace>(quotas: readonly Q[], path: string, role: string): Q | undefined {
  let best: Q | undefined;
  for (const quota of quotas) if (covers(quota, path, role) && (best === undefined || moreSpecific(quota, best))) best = quota;
  return best;
}

/** Whether the role that a request names may decide which quota counts for it. */
export function roleMatters(quotas: readonly QuotaPlace[], path: string): boolean {
  return quotas.some((quota) => quota.role !== '' && covers(quota, path, quota.role));
}

/** Whether no rate quota is for a path. */
export function isExempt({ exemptPaths, absoluteExemptPaths }: QuotaConfig, path: string): boolean {
  const exempts = (exempt: string): boolean =>
    exempt.endsWith('*') ? path.startsWith(exempt.slice(0, -1)) : `${path}/`.startsWith(exempt.endsWith('/') ? exempt : `${exempt}/`);
  return exemptPaths.some(exempts) || absoluteExemptPaths.some(exempts);
}
