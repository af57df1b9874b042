/**
 * SIGHUP: the config anew. What can change while the server runs does; what can't stays as it was at the start, and is named in the log.
 *
 *   reloaded   policies, mounts, limits, rate limit, lease TTLs, CORS, connections of a listener, certificates and keys, log level; audit files reopened
 *   restart    everything else (the table below)
 */
import type { Logger } from 'pino';
import type { Config, ListenerConfig } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import type { Listener } from '../http/listener.ts';
import type { Server } from '../system/server.ts';
import { declaredOf, listenerBounds, tlsFiles, tuningOf } from './config-parts.ts';

/** Takes the config file over. @param before the config of the start @param listeners in its order */
export async function reload(before: Config, server: Server, listeners: readonly Listener[], log: Logger): Promise<void> {
  try {
    await server.unsealed?.audit.reopen();
    const config = loadConfig(before.file);
    // First what may fail.
    for (const [index, listener] of config.listeners.entries()) {
      if (listener.kind === 'tcp' && listener.tls !== undefined && sameText(place(listener), place(before.listeners[index])))
        listeners[index]?.reloadTls(tlsFiles(listener.tls));
    }
    await server.redeclare(declaredOf(config));
    server.retune(tuningOf(config));
    for (const [index, listener] of listeners.entries()) {
      const configured = config.listeners[index] ?? before.listeners[index];
      if (configured !== undefined) listener.rebound(listenerBounds(config, configured));
    }
    server.relevel(config.log.level);
    const fields = needRestart(before, config);
    if (fields.length > 0) log.warn({ fields }, `changed in the config, but in force only after a restart: ${fields.join(', ')}`);
    log.info('reloaded');
  } catch (error) {
    log.error({ err: error }, 'reloading failed; what was in force stays');
  }
}

/** By section of the config: its fields that can't change while the server runs, named as in the file. */
const fixed: Readonly<Record<keyof Config, Readonly<Record<string, (config: Config) => unknown>>>> = {
  file: {},
  listeners: { listeners: ({ listeners }) => listeners.map((listener) => place(listener)) },
  storage: { storage: ({ storage }) => storage },
  seal: { seal: ({ seal }) => seal },
  initialize: { initialize: ({ initialize }) => initialize },
  auditSinks: { audit_sinks: ({ auditSinks }) => auditSinks },
  auditDevices: { audit_devices: ({ auditDevices }) => auditDevices },
  plugins: { plugins: ({ plugins }) => plugins },
  mounts: {},
  auth: {},
  policies: {},
  limits: {},
  defaultLeaseTtlSeconds: {},
  maxLeaseTtlSeconds: {},
  cache: { cache: ({ cache }) => cache },
  cors: {},
  log: { 'log.format': ({ log }) => log.format },
  apiVersion: { api_version: ({ apiVersion }) => apiVersion },
  clusterName: { cluster_name: ({ clusterName }) => clusterName },
  metrics: { 'metrics.unauthenticated': ({ metrics }) => metrics.unauthenticated },
  unauthenticated: { unauthenticated: ({ unauthenticated }) => unauthenticated },
};

function needRestart(before: Config, after: Config): readonly string[] {
  return Object.values(fixed).flatMap((fields) =>
    Object.entries(fields).flatMap(([name, read]) => (sameText(read(before), read(after)) ? [] : [name])),
  );
}

/** A listener without what can change while it listens. */
function place(listener: ListenerConfig | undefined): unknown {
  return listener && { ...listener, maxConnections: 0 };
}

function sameText(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
