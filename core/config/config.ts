/** What the server is told by its config file: checked, with every default filled in, paths absolute, durations in seconds. Frozen. */

/** TLS of a TCP listener. Paths of PEM files. */
export interface TlsConfig {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile: string | undefined;
  readonly clientAuth: 'none' | 'request' | 'require';
  readonly minVersion: '1.2' | '1.3';
}

/** Proxies that are believed when a header says whom they speak for. Blocks of addresses with their bits. */
export interface ForwardedForConfig {
  readonly authorizedAddrs: readonly string[];
  readonly hopSkips: number;
  readonly rejectNotPresent: boolean;
  readonly rejectNotAuthorized: boolean;
}

/** Proxies that say so ahead of the connection. */
export interface ProxyProtocolConfig {
  readonly behavior: 'use_always' | 'allow_authorized' | 'deny_unauthorized';
  readonly authorizedAddrs: readonly string[];
}

/** Where requests come in. `mode`: permissions of the socket file. */
export type ListenerConfig =
  | {
      readonly kind: 'tcp';
      readonly host: string;
      readonly port: number;
      /** undefined: plain HTTP, on a loopback address or on purpose. */
      readonly tls: TlsConfig | undefined;
      readonly forwardedFor: ForwardedForConfig | undefined;
      readonly proxyProtocol: ProxyProtocolConfig | undefined;
      readonly maxConnections: number;
    }
  | { readonly kind: 'unix'; readonly path: string; readonly mode: number; readonly maxConnections: number };

/** Where entries are kept. */
export type StorageConfig =
  | { readonly kind: 'file'; readonly directory: string; readonly compactAtBytes: number }
  | { readonly kind: 'memory' };

/** What wraps the root key. */
export type SealConfig = { readonly kind: 'shamir' } | { readonly kind: 'static'; readonly key: StaticKeyConfig; readonly keyId: string };

/** Where a static seal finds its key. `create`: make the file when there is none. */
export type StaticKeyConfig =
  | { readonly kind: 'file'; readonly path: string; readonly create: boolean }
  | { readonly kind: 'env'; readonly name: string };

/** One audit sink. `type`: `file`, `stdout`, or the absolute path of a module. */
export interface AuditSinkConfig {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  /** As the sink's own schema has it; not checked yet. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A plugin that is not one of the server's own. */
export interface PluginConfig {
  readonly name: string;
  readonly kind: 'engine' | 'auth-method' | 'audit-sink';
  /** Absolute path of its file, or the npm package that names it, looked for from this directory upwards. */
  readonly source: { readonly path: string } | { readonly package: string; readonly from: string };
  readonly version: string;
  /** Hex, of the file. */
  readonly sha256: string;
  readonly isolation: 'thread' | 'component';
  /** All memories of an instance of a component; heap and buffers of a thread, together. */
  readonly memoryMiB: number;
  /** Where its mounts may send HTTP requests, unless they say themselves. */
  readonly hosts: readonly string[];
}

/** One mount, made at unseal unless it is there. */
export interface MountConfig {
  /** With its trailing slash. */
  readonly path: string;
  readonly type: string;
  readonly description: string;
  readonly options: Readonly<Record<string, string>>;
  /** undefined: as the plugin's own entry says, or a thread. */
  readonly isolation: 'thread' | 'component' | undefined;
  /** Where the engine may send HTTP requests: `host`, `host:port` or `http://host:port`. */
  readonly hosts: readonly string[];
  readonly defaultLeaseTtlSeconds: number | undefined;
  readonly maxLeaseTtlSeconds: number | undefined;
}

/** One auth method, mounted at unseal unless it is there; `path` is below `auth/`. */
export interface AuthConfig extends MountConfig {
  /** What its logins give. undefined: as it is, or what the role says, and service tokens where it says nothing. */
  readonly tokenType: 'service' | 'batch' | 'default-service' | 'default-batch' | undefined;
  /** undefined: as it is, or Vault's. */
  readonly lockout:
    | { readonly threshold: number; readonly durationSeconds: number; readonly counterResetSeconds: number; readonly disabled: boolean }
    | undefined;
}

/** One policy, written at unseal. `rules`: HCL or JSON text. */
export interface PolicyConfig {
  readonly name: string;
  readonly rules: string;
}

/** Bounds of requests. */
export interface LimitsConfig {
  readonly bodyBytes: number;
  readonly jsonTokens: number;
  readonly jsonDepth: number;
  readonly pathBytes: number;
  readonly headerWaitSeconds: number;
  readonly requestTimeoutSeconds: number;
  readonly maxConnections: number;
  readonly rateLimit: { readonly perAddressPerSecond: number; readonly burst: number } | undefined;
}

/** The whole configuration. */
export interface Config {
  /** Absolute path of the file it came from. */
  readonly file: string;
  readonly listeners: readonly ListenerConfig[];
  readonly storage: StorageConfig;
  readonly seal: SealConfig;
  readonly initialize: { readonly auto: boolean; readonly rootTokenTo: 'stdout' };
  readonly auditSinks: readonly AuditSinkConfig[];
  /** Below which directory the API may make audit files; undefined: nowhere. */
  readonly auditDevices: { readonly directory: string } | undefined;
  readonly plugins: readonly PluginConfig[];
  readonly mounts: readonly MountConfig[];
  readonly auth: readonly AuthConfig[];
  readonly policies: readonly PolicyConfig[];
  readonly limits: LimitsConfig;
  readonly defaultLeaseTtlSeconds: number;
  readonly maxLeaseTtlSeconds: number;
  readonly cache: { readonly plaintext: boolean; readonly bytes: number };
  readonly cors: { readonly enabled: boolean; readonly allowedOrigins: readonly string[]; readonly allowedHeaders: readonly string[] };
  readonly log: { readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error'; readonly format: 'json' | 'pretty' };
  /** The version of Vault that clients are told, because some switch features by it. */
  readonly apiVersion: string;
  readonly clusterName: string;
  readonly metrics: { readonly unauthenticated: boolean };
  /** What the holders of shares may do without a token. */
  readonly unauthenticated: { readonly rekey: boolean; readonly generateRoot: boolean };
}
