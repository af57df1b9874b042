/** What a server is made of. */
import type { Logger } from 'pino';
import type { Json } from '@strongroom/sdk-plugin';
import type { NamedSink } from '../audit/sink-lane.ts';
import type { Seal } from '../barrier/seal.ts';
import type { Cors, RequestLimits, SystemTtl } from '../request/host.ts';
import type { RateLimit } from '../request/rate-limit.ts';
import type { CatalogEntry } from '../runner/catalog.ts';
import type { RoomLimits } from '../runner/thread-room.ts';
import type { AuditDevicesAllowed } from './audit-devices.ts';
import type { Declared } from './declared.ts';
import type { LogTap } from './log-tap.ts';
import type { StoreDirectory } from './store-directory.ts';

/** What a server is made of. */
export interface ServerOptions {
  readonly directory: StoreDirectory;
  /** Automatic seals; empty for Shamir. */
  readonly seals: readonly Seal[];
  readonly sinkNames: readonly { readonly name: string; readonly type: string }[];
  readonly openSinks: () => Promise<readonly NamedSink[]>;
  /** Where the API may make audit devices; undefined: nowhere. */
  readonly auditDevices?: AuditDevicesAllowed | undefined;
  readonly catalog: readonly CatalogEntry[];
  readonly declared: Declared;
  readonly limits: RequestLimits;
  readonly rooms: RoomLimits;
  readonly rate: RateLimit;
  readonly ttl: SystemTtl;
  readonly cors: Cors | undefined;
  readonly cacheBytes: number;
  readonly clusterName: string;
  /** The version of Vault that clients are told. */
  readonly apiVersion: string;
  readonly version: string;
  /** The config in force, without secrets. */
  readonly configState: Json;
  /** Whether `sys/metrics` answers without a token. */
  readonly openMetrics: boolean;
  /** What the holders of shares may do without a token. */
  readonly unauthenticated: { readonly rekey: boolean; readonly generateRoot: boolean };
  readonly log: Logger;
  /** What `log` writes to; absent: nobody can watch it. */
  readonly logTap?: LogTap;
  readonly wallClock: () => number;
  /** Unseal although the storage is older than the audit has seen it (after restoring a copy on purpose). */
  readonly acceptRollback: boolean;
}

/** What can change while a server runs. */
export type Tuning = Pick<ServerOptions, 'limits' | 'rate' | 'ttl' | 'cors'>;
