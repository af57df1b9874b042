/** Reads a config file: YAML or JSON in, a frozen `Config` out, or every mistake with its line. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { normalCidr } from '@strongroom/sdk-plugin/hosting';
import type { ConfigFile, FileAuth, FileDuration, FileListener, FilePlugin, FileSeal } from './config-file.ts';
import type { AuthConfig, Config, ListenerConfig, MountConfig, PluginConfig, SealConfig } from './config.ts';
import { ConfigError } from './config-error.ts';
import { defaults } from './defaults.ts';
import { parseSeconds } from './duration.ts';
import { checkRules, splitAddress } from './rules.ts';
import { ConfigSource, fieldName } from './source.ts';
import { validateConfigFile, type SchemaIssue } from './validate.ts';

/** Gives the text of a file, by its absolute path; throws when it cannot be read. */
export type ReadText = (path: string) => string;

/**
 * Loads a config file and the policy files that it names.
 * @param file path; relative paths inside are relative to its directory
 * @throws ConfigError with all that is wrong
 */
export function loadConfig(file: string, read: ReadText = (path) => readFileSync(path, 'utf8')): Config {
  const absolute = resolve(file);
  const text = readOr(read, absolute, () => new ConfigError(file, [{ line: 1, field: '', expected: 'a file that can be read' }]));
  const source = new ConfigSource(file, text);
  const fail = (issues: readonly SchemaIssue[]): ConfigError =>
    new ConfigError(
      file,
      issues.map(({ path, expected }) => ({ line: source.lineOf(path), field: fieldName(path), expected })),
    );
  const checked = validateConfigFile(source.value);
  if (checked.kind === 'invalid') throw fail(checked.issues);
  const issues = checkRules(checked.file);
  if (issues.length > 0) throw fail(issues);
  const at = (path: string): string => resolve(dirname(absolute), path);
  const policies = (checked.file.policies ?? []).map(({ name, rules, file: rulesFile }, index) => {
    const path = ['policies', index, 'file'];
    const unreadable = (): ConfigError => fail([{ path, expected: 'a file that can be read' }]);
    return { name, rules: rules ?? readOr(read, at(rulesFile ?? ''), unreadable) };
  });
  return freeze({ ...convert(checked.file, at), file: absolute, policies });
}

function readOr(read: ReadText, path: string, error: () => ConfigError): string {
  try {
    return read(path);
  } catch {
    throw error();
  }
}

function convert(file: ConfigFile, at: (path: string) => string): Omit<Config, 'file' | 'policies'> {
  const limits = file.limits ?? {};
  const maxConnections = limits.max_connections ?? defaults.maxConnections;
  const rate = limits.rate_limit;
  return {
    listeners: file.listeners.map((listener) => convertListener(listener, at, maxConnections)),
    storage:
      file.storage.type === 'memory'
        ? { kind: 'memory' }
        : { kind: 'file', directory: at(file.storage.directory), compactAtBytes: file.storage.compact_at ?? defaults.compactAtBytes },
    seal: convertSeal(file.seal, at),
    initialize: { auto: file.initialize?.auto ?? false, rootTokenTo: file.initialize?.root_token_to ?? 'stdout' },
    auditSinks: (file.audit_sinks ?? []).map(({ name, type, required, options }) => ({
      name,
      type,
      required: required ?? true,
      options: type === 'file' && typeof options?.['path'] === 'string' ? { ...options, path: at(options['path']) } : (options ?? {}),
    })),
    plugins: (file.plugins ?? []).map((plugin) => convertPlugin(plugin, at)),
    mounts: (file.mounts ?? []).map(convertMount),
    auth: (file.auth ?? []).map(convertAuth),
    limits: {
      bodyBytes: limits.body_bytes ?? defaults.bodyBytes,
      jsonTokens: limits.json_tokens ?? defaults.jsonTokens,
      jsonDepth: limits.json_depth ?? defaults.jsonDepth,
      pathBytes: limits.path_bytes ?? defaults.pathBytes,
      headerWaitSeconds: seconds(limits.header_wait) ?? defaults.headerWaitSeconds,
      requestTimeoutSeconds: seconds(limits.request_timeout) ?? defaults.requestTimeoutSeconds,
      maxConnections,
      rateLimit: rate && { perAddressPerSecond: rate.per_address_per_second, burst: rate.burst },
    },
    defaultLeaseTtlSeconds:
      seconds(file.default_lease_ttl) ?? Math.min(defaults.defaultLeaseTtlSeconds, seconds(file.max_lease_ttl) ?? Infinity),
    maxLeaseTtlSeconds: seconds(file.max_lease_ttl) ?? defaults.maxLeaseTtlSeconds,
    cache: { plaintext: file.cache?.plaintext ?? true, bytes: file.cache?.bytes ?? defaults.cacheBytes },
    auditDevices: file.audit_devices && { directory: at(file.audit_devices.directory) },
    cors: {
      enabled: file.cors?.enabled ?? false,
      allowedOrigins: file.cors?.allowed_origins ?? [],
      allowedHeaders: file.cors?.allowed_headers ?? [],
    },
    log: { level: file.log?.level ?? 'info', format: file.log?.format ?? 'json' },
    apiVersion: file.api_version ?? defaults.apiVersion,
    clusterName: file.cluster_name ?? defaults.clusterName,
    metrics: { unauthenticated: file.metrics?.unauthenticated ?? false },
    unauthenticated: { rekey: file.unauthenticated?.rekey ?? false, generateRoot: file.unauthenticated?.generate_root ?? false },
  };
}

function convertListener(listener: FileListener, at: (path: string) => string, maxConnections: number): ListenerConfig {
  const most = listener.max_connections ?? maxConnections;
  if (listener.type === 'unix') {
    return { kind: 'unix', path: at(listener.path), mode: Number.parseInt(listener.mode ?? defaults.socketMode, 8), maxConnections: most };
  }
  const { tls, x_forwarded_for: forwarded, proxy_protocol: proxy } = listener;
  return {
    kind: 'tcp',
    ...splitAddress(listener.address),
    tls: tls && {
      certFile: at(tls.cert_file),
      keyFile: at(tls.key_file),
      clientCaFile: tls.client_ca_file === undefined ? undefined : at(tls.client_ca_file),
      clientAuth: tls.client_auth ?? 'none',
      minVersion: tls.min_version ?? '1.3',
    },
    forwardedFor: forwarded && {
      authorizedAddrs: blocks(forwarded.authorized_addrs),
      hopSkips: forwarded.hop_skips ?? 0,
      rejectNotPresent: forwarded.reject_not_present ?? true,
      rejectNotAuthorized: forwarded.reject_not_authorized ?? true,
    },
    proxyProtocol: proxy && { behavior: proxy.behavior, authorizedAddrs: blocks(proxy.authorized_addrs ?? []) },
    maxConnections: most,
  };
}

/** With their bits; the rules have checked that each is one. */
function blocks(addresses: readonly string[]): readonly string[] {
  return addresses.map((address) => normalCidr(address) ?? address);
}

function convertSeal(seal: FileSeal, at: (path: string) => string): SealConfig {
  if (seal.type === 'shamir') return { kind: 'shamir' };
  const key =
    seal.key_file === undefined
      ? ({ kind: 'env', name: seal.key_env ?? '' } as const)
      : ({ kind: 'file', path: at(seal.key_file), create: seal.create ?? false } as const);
  return { kind: 'static', key, keyId: seal.key_id ?? defaults.keyId };
}

function convertPlugin(plugin: FilePlugin, at: (path: string) => string): PluginConfig {
  const { name, kind = 'engine', version, sha256, memory_mib, hosts = [] } = plugin;
  const { isolation = kind === 'audit-sink' ? 'thread' : 'component' } = plugin;
  return {
    name,
    kind,
    source: plugin.path === undefined ? { package: plugin.package ?? '', from: at('.') } : { path: at(plugin.path) },
    version,
    sha256: sha256.toLowerCase(),
    isolation,
    memoryMiB: memory_mib ?? (isolation === 'component' ? defaults.componentMiB : defaults.threadMiB),
    hosts,
  };
}

function convertMount(mount: NonNullable<ConfigFile['mounts']>[number]): MountConfig {
  return {
    path: mount.path.endsWith('/') ? mount.path : `${mount.path}/`,
    type: mount.type,
    description: mount.description ?? '',
    options: Object.fromEntries(Object.entries(mount.options ?? {}).map(([name, value]) => [name, String(value)])),
    isolation: mount.isolation,
    hosts: mount.hosts ?? [],
    defaultLeaseTtlSeconds: seconds(mount.default_lease_ttl),
    maxLeaseTtlSeconds: seconds(mount.max_lease_ttl),
  };
}

function convertAuth(auth: FileAuth): AuthConfig {
  const lockout = auth.user_lockout;
  return {
    ...convertMount(auth),
    tokenType: auth.token_type,
    lockout: lockout && {
      threshold: lockout.threshold ?? defaults.lockoutThreshold,
      durationSeconds: seconds(lockout.duration) ?? defaults.lockoutSeconds,
      counterResetSeconds: seconds(lockout.counter_reset) ?? defaults.lockoutCounterResetSeconds,
      disabled: lockout.disable ?? false,
    },
  };
}

function seconds(duration: FileDuration | undefined): number | undefined {
  return duration === undefined ? undefined : parseSeconds(duration);
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}
