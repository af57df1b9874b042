/** The config file as `config.schema.json` allows it: names and units as the operator writes them. */

/** Text such as "768h", or whole seconds. */
export type FileDuration = string | number;

/** A listener, told apart by `type`. */
export type FileListener =
  | {
      readonly type: 'tcp';
      readonly address: string;
      readonly tls?: {
        readonly cert_file: string;
        readonly key_file: string;
        readonly client_ca_file?: string;
        readonly client_auth?: 'none' | 'request' | 'require';
        readonly min_version?: '1.2' | '1.3';
      };
      readonly insecure?: boolean;
      readonly x_forwarded_for?: {
        readonly authorized_addrs: readonly string[];
        readonly hop_skips?: number;
        readonly reject_not_present?: boolean;
        readonly reject_not_authorized?: boolean;
      };
      readonly proxy_protocol?: {
        readonly behavior: 'use_always' | 'allow_authorized' | 'deny_unauthorized';
        readonly authorized_addrs?: readonly string[];
      };
      readonly max_connections?: number;
    }
  | { readonly type: 'unix'; readonly path: string; readonly mode?: string; readonly max_connections?: number };

/** The seal, told apart by `type`. */
export type FileSeal =
  | { readonly type: 'shamir' }
  | {
      readonly type: 'static';
      readonly key_file?: string;
      readonly key_env?: string;
      readonly key_id?: string;
      readonly create?: boolean;
    };

/** A mount. */
export interface FileMount {
  readonly path: string;
  readonly type: string;
  readonly description?: string;
  readonly options?: Readonly<Record<string, string | number | boolean>>;
  readonly isolation?: 'thread' | 'component';
  readonly hosts?: readonly string[];
  readonly default_lease_ttl?: FileDuration;
  readonly max_lease_ttl?: FileDuration;
}

/** A plugin from outside. */
export interface FilePlugin {
  readonly name: string;
  readonly kind?: 'engine' | 'auth-method' | 'audit-sink';
  readonly path?: string;
  readonly package?: string;
  readonly version: string;
  readonly sha256: string;
  readonly isolation?: 'thread' | 'component';
  readonly memory_mib?: number;
  readonly hosts?: readonly string[];
}

/** An auth method: `path` is below `auth/`. */
export interface FileAuth extends FileMount {
  readonly token_type?: 'service' | 'batch' | 'default-service' | 'default-batch';
  readonly user_lockout?: {
    readonly threshold?: number;
    readonly duration?: FileDuration;
    readonly counter_reset?: FileDuration;
    readonly disable?: boolean;
  };
}

/** The whole file. */
export interface ConfigFile {
  readonly listeners: readonly FileListener[];
  readonly storage: { readonly type: 'file'; readonly directory: string; readonly compact_at?: number } | { readonly type: 'memory' };
  readonly seal: FileSeal;
  readonly initialize?: { readonly auto?: boolean; readonly root_token_to?: 'stdout' };
  readonly audit_sinks?: readonly {
    readonly name: string;
    readonly type: string;
    readonly required?: boolean;
    readonly options?: Readonly<Record<string, unknown>>;
  }[];
  readonly audit_devices?: { readonly directory: string };
  readonly plugins?: readonly FilePlugin[];
  readonly mounts?: readonly FileMount[];
  readonly auth?: readonly FileAuth[];
  readonly policies?: readonly { readonly name: string; readonly rules?: string; readonly file?: string }[];
  readonly limits?: {
    readonly body_bytes?: number;
    readonly json_tokens?: number;
    readonly json_depth?: number;
    readonly path_bytes?: number;
    readonly header_wait?: FileDuration;
    readonly request_timeout?: FileDuration;
    readonly max_connections?: number;
    readonly rate_limit?: { readonly per_address_per_second: number; readonly burst: number };
  };
  readonly default_lease_ttl?: FileDuration;
  readonly max_lease_ttl?: FileDuration;
  readonly cache?: { readonly plaintext?: boolean; readonly bytes?: number };
  readonly cors?: {
    readonly enabled?: boolean;
    readonly allowed_origins?: readonly string[];
    readonly allowed_headers?: readonly string[];
  };
  readonly log?: { readonly level?: 'trace' | 'debug' | 'info' | 'warn' | 'error'; readonly format?: 'json' | 'pretty' };
  readonly api_version?: string;
  readonly cluster_name?: string;
  readonly metrics?: { readonly unauthenticated?: boolean };
  readonly unauthenticated?: { readonly rekey?: boolean; readonly generate_root?: boolean };
}
