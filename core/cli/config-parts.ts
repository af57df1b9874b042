/** What the parts of the server take from the config: at the start, and some of it again at a reload. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Json } from '@strongroom/sdk-plugin';
import type { Config, ListenerConfig, MountConfig, TlsConfig } from '../config/config.ts';
import { StrongroomError } from '../errors.ts';
import type { ListenerBounds, ListenerOptions } from '../http/listener.ts';
import type { Declared } from '../system/declared.ts';
import type { NewMount } from '../system/mount-change.ts';
import type { Tuning } from '../system/server-options.ts';

/** Mounts, auth methods and policies that are made at unseal, and at a reload. */
export function declaredOf(config: Config): Declared {
  return {
    policies: config.policies,
    mounts: config.mounts.map((mount) => declaredMount(mount, config)),
    auth: config.auth.map((auth) => {
      const { lockout, tokenType } = auth;
      const plain = declaredMount(auth, config);
      const mount = tokenType === undefined ? plain : { ...plain, config: { ...plain.config, tokenType } };
      if (lockout === undefined) return mount;
      const { threshold, durationSeconds: duration, counterResetSeconds: counterReset, disabled } = lockout;
      return { ...mount, config: { ...mount.config, lockout: { threshold, duration, counterReset, disabled } } };
    }),
  };
}

function declaredMount(mount: MountConfig, { plugins }: Config): NewMount {
  const { path, type, description, options, hosts, isolation, defaultLeaseTtlSeconds, maxLeaseTtlSeconds } = mount;
  return {
    path,
    type,
    description,
    options: Object.keys(options).length === 0 ? null : options,
    // Its own, or those of its plugin.
    hosts: hosts.length > 0 ? hosts : (plugins.find(({ name }) => name === type)?.hosts ?? []),
    ...(isolation === undefined ? {} : { isolation }),
    config: {
      ...(defaultLeaseTtlSeconds === undefined ? {} : { defaultLeaseTtl: defaultLeaseTtlSeconds }),
      ...(maxLeaseTtlSeconds === undefined ? {} : { maxLeaseTtl: maxLeaseTtlSeconds }),
    },
  };
}

/** Reads the certificate, key and CA of a listener. @throws StrongroomError `invalid` naming the file */
export function tlsFiles(tls: TlsConfig): { cert: Buffer; key: Buffer; ca?: Buffer } {
  const read = (file: string): Buffer => {
    try {
      return readFileSync(file);
    } catch (error) {
      throw new StrongroomError('invalid', `tls: cannot read ${file}`, { cause: error });
    }
  };
  return { cert: read(tls.certFile), key: read(tls.keyFile), ...(tls.clientCaFile === undefined ? {} : { ca: read(tls.clientCaFile) }) };
}

/** A listener's address, TLS and bounds. */
export function listenerOptions(config: Config, listener: ListenerConfig): ListenerOptions {
  const tls = listener.kind === 'tcp' ? listener.tls : undefined;
  return {
    at:
      listener.kind === 'tcp'
        ? { kind: 'tcp', host: listener.host, port: listener.port }
        : { kind: 'unix', path: listener.path, mode: listener.mode },
    tls:
      tls === undefined
        ? undefined
        : {
            ...tlsFiles(tls),
            minVersion: `TLSv${tls.minVersion}`,
            requestCert: tls.clientAuth !== 'none',
            rejectUnauthorized: tls.clientAuth === 'require',
          },
    ...(listener.kind === 'tcp' ? { forwardedFor: listener.forwardedFor, proxyProtocol: listener.proxyProtocol } : {}),
    ...listenerBounds(config, listener),
  };
}

/** The bounds of a listener, which can change while it listens. */
export function listenerBounds({ limits }: Config, { maxConnections }: ListenerConfig): ListenerBounds {
  return {
    maxConnections,
    headerWaitMs: limits.headerWaitSeconds * 1000,
    requestTimeoutMs: limits.requestTimeoutSeconds * 1000,
    headBytesMax: limits.pathBytes + 16_384,
  };
}

/** What the server may be told anew while it runs. */
export function tuningOf({ limits, cors, defaultLeaseTtlSeconds, maxLeaseTtlSeconds }: Config): Tuning {
  return {
    limits: {
      bodyBytesMax: limits.bodyBytes,
      jsonTokensMax: limits.jsonTokens,
      jsonDepthMax: limits.jsonDepth,
      pathBytesMax: limits.pathBytes,
    },
    rate:
      limits.rateLimit === undefined
        ? { perSecond: 0, burst: 0 }
        : { perSecond: limits.rateLimit.perAddressPerSecond, burst: limits.rateLimit.burst },
    ttl: { defaultTtl: defaultLeaseTtlSeconds, maxTtl: maxLeaseTtlSeconds },
    cors: cors.enabled ? { origins: cors.allowedOrigins, headers: cors.allowedHeaders } : undefined,
  };
}

/** Files that sinks of the config write. */
export function takenFiles({ auditSinks }: Config): readonly string[] {
  return auditSinks.flatMap(({ options }) => (typeof options['path'] === 'string' ? [resolve(options['path'])] : []));
}

/** The config as `sys/config/state/sanitized` shows it: by allow-list, so nothing that could be a secret. */
export function configStateOf(config: Config): Json {
  return {
    api_version: config.apiVersion,
    cluster_name: config.clusterName,
    default_lease_ttl: config.defaultLeaseTtlSeconds,
    max_lease_ttl: config.maxLeaseTtlSeconds,
    log_level: config.log.level,
    log_format: config.log.format,
    listeners: config.listeners.map((listener) =>
      listener.kind === 'unix'
        ? { type: 'unix', config: { address: listener.path } }
        : { type: 'tcp', config: { address: `${listener.host}:${listener.port}`, tls_disable: listener.tls === undefined } },
    ),
    storage: { type: config.storage.kind, disable_clustering: true },
    seals: [{ type: config.seal.kind, disabled: false }],
    audit_sinks: config.auditSinks.map(({ name, type, required }) => ({ name, type, required })),
    plugins: config.plugins.map(({ name, kind, version, sha256, isolation }) => ({ name, kind, version, sha256, isolation })),
    mounts: config.mounts.map(({ path, type }) => ({ path, type })),
    auth: config.auth.map(({ path, type }) => ({ path, type })),
    limits: {
      body_bytes: config.limits.bodyBytes,
      json_tokens: config.limits.jsonTokens,
      json_depth: config.limits.jsonDepth,
      path_bytes: config.limits.pathBytes,
      max_connections: config.limits.maxConnections,
    },
  };
}
