/** What the stations work with: the server, sealed or not. */
import type { Logger } from 'pino';
import type { Vault } from '../barrier/transaction.ts';
import type { AuditBroker } from '../audit/broker.ts';
import type { AuditSerializer } from '../audit/serializer.ts';
import type { Clock } from '../identity/clock.ts';
import type { Identities } from '../identity/identities.ts';
import type { Lockout } from '../identity/lockout.ts';
import type { LeaseKeeper } from '../lease/lease-keeper.ts';
import type { RotationKeeper } from '../lease/rotation-keeper.ts';
import type { TokenStore } from '../identity/token-store.ts';
import type { RouteTable } from '@strongroom/sdk-plugin/hosting';
import type { PolicyStore } from '../policy/policy-store.ts';
import type { JobPool } from '../runner/job-pool.ts';
import type { PluginCrypto } from '../runner/plugin-crypto.ts';
import type { Rooms } from '../runner/rooms.ts';
import type { AnswerCache } from './answer-cache.ts';
import type { HostRoute } from './host-route.ts';
import type { LiveSettings } from './live-settings.ts';
import type { Quotas } from './quotas.ts';
import type { RateLimiter } from './rate-limit.ts';
import type { RequestsUnderWay } from './under-way.ts';
import type { WrappingJwt } from './wrapping-jwt.ts';

/** Bounds that a request meets before it is parsed. */
export interface RequestLimits {
  readonly bodyBytesMax: number;
  readonly jsonTokensMax: number;
  readonly jsonDepthMax: number;
  readonly pathBytesMax: number;
}

/** An unsealed server. */
export interface Unsealed extends Vault {
  readonly clock: Clock;
  readonly tokens: TokenStore;
  readonly identities: Identities;
  readonly lockout: Lockout;
  readonly policies: PolicyStore;
  readonly rooms: Rooms;
  readonly jobs: JobPool;
  readonly crypto: PluginCrypto;
  readonly leases: LeaseKeeper;
  readonly rotations: RotationKeeper;
  readonly audit: AuditBroker;
  readonly auditText: AuditSerializer;
  /** PEM: verifies the checkpoints of the audit. */
  readonly auditPublicKey: string;
  readonly cache: AnswerCache;
  readonly settings: LiveSettings;
  readonly wrappingJwt: WrappingJwt;
  readonly quotas: Quotas;
}

/** The lifetime bounds of the system, in seconds. */
export interface SystemTtl {
  readonly defaultTtl: number;
  readonly maxTtl: number;
}

/** Cross-origin settings. */
export interface Cors {
  readonly origins: readonly string[];
  readonly headers: readonly string[];
}

/** A running server. */
export interface Host {
  /** The version of Vault that clients are told. */
  readonly apiVersion: string;
  readonly log: Logger;
  readonly limits: RequestLimits;
  readonly ttl: SystemTtl;
  readonly rate: RateLimiter;
  readonly cors: Cors | undefined;
  /** Routes below `sys/` and `auth/token/`, each with its full path. */
  readonly system: RouteTable<HostRoute>;
  readonly underWay: RequestsUnderWay;
  /** Undefined while sealed. */
  readonly unsealed: Unsealed | undefined;
}
