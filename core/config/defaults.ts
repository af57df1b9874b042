/** What holds where the config file says nothing. */

/** Bytes, seconds and counts. */
export const defaults = {
  /** 32 days, as Vault's. */
  defaultLeaseTtlSeconds: 2_764_800,
  maxLeaseTtlSeconds: 2_764_800,
  compactAtBytes: 67_108_864,
  cacheBytes: 67_108_864,
  /** Memory of an instance of a component, and of a thread, in MiB. */
  componentMiB: 64,
  threadMiB: 256,
  bodyBytes: 33_554_432,
  jsonTokens: 500_000,
  jsonDepth: 128,
  pathBytes: 4096,
  headerWaitSeconds: 10,
  requestTimeoutSeconds: 90,
  maxConnections: 10_000,
  lockoutThreshold: 5,
  lockoutSeconds: 900,
  lockoutCounterResetSeconds: 900,
  socketMode: '0600',
  keyId: 'static-1',
  apiVersion: '1.15.6',
  clusterName: 'strongroom',
} as const;
