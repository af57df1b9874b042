/** `strongroom server`: runs a server from its config file until SIGTERM; SIGHUP reloads. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { destination, type Logger, transport } from 'pino';
import packageJson from '../package.json' with { type: 'json' };
import { openStaticSeal } from '../barrier/static-seal.ts';
import type { Seal } from '../barrier/seal.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { Listener } from '../http/listener.ts';
import { serveRequest } from '../request/pipeline.ts';
import { readCatalog } from '../runner/catalog.ts';
import { openOutsidePlugins } from '../runner/outside-plugins.ts';
import { roomLimits } from '../runner/thread-room.ts';
import { LogTap } from '../system/log-tap.ts';
import { openSinks } from '../system/open-sinks.ts';
import { Server } from '../system/server.ts';
import { memoryDirectory, openDirectory, type StoreDirectory } from '../system/store-directory.ts';
import { configStateOf, declaredOf, listenerOptions, takenFiles, tuningOf } from './config-parts.ts';
import { reload } from './reload.ts';

/** Exit code when the server can't start or must end. */
const exitFatal = 1;

function makeLog(config: Config): LogTap {
  // Never a header, body, token or key: what is logged is chosen field by field where it is logged.
  const options = { level: config.log.level, base: null };
  const pretty = config.log.format === 'pretty';
  return new LogTap(options, pretty ? transport({ target: new URL('./pretty-log.ts', import.meta.url).href }) : destination(1));
}

function sealsOf(config: Config): readonly Seal[] {
  const { seal } = config;
  if (seal.kind === 'shamir') return [];
  const { key, keyId } = seal;
  if (key.kind === 'env') return [openStaticSeal({ environment: key.name }, keyId, process.env)];
  if (key.create) mkdirSync(dirname(key.path), { recursive: true, mode: 0o700 });
  return [openStaticSeal({ file: key.path, create: key.create }, keyId, process.env)];
}

function directoryOf(config: Config, log: Logger): StoreDirectory {
  const { storage } = config;
  if (storage.kind === 'memory') return memoryDirectory();
  return openDirectory({
    directory: storage.directory,
    compactAtBytes: storage.compactAtBytes,
    onFatal: (error) => {
      log.fatal({ err: error }, 'the disk failed; the server ends, since nothing it says could be trusted');
      process.exit(exitFatal);
    },
    onCompactionError: (error) => log.error({ err: error }, 'a compaction was given up; it will be tried again'),
  });
}

function makeServer(config: Config, logTap: LogTap, acceptRollback: boolean): Server {
  const log = logTap.logger;
  const own = readCatalog();
  const catalog = [...own, ...openOutsidePlugins(config.plugins, own)];
  return new Server({
    directory: directoryOf(config, log),
    seals: sealsOf(config),
    sinkNames: config.auditSinks,
    openSinks: () => openSinks(catalog, config.auditSinks),
    auditDevices: config.auditDevices && {
      ...config.auditDevices,
      taken: takenFiles(config),
      open: async (declaration) => (await openSinks(catalog, [declaration]))[0]!,
    },
    catalog,
    declared: declaredOf(config),
    ...tuningOf(config),
    rooms: roomLimits,
    cacheBytes: config.cache.plaintext ? config.cache.bytes : 0,
    clusterName: config.clusterName,
    apiVersion: config.apiVersion,
    version: packageJson.version,
    configState: configStateOf(config),
    openMetrics: config.metrics.unauthenticated,
    unauthenticated: config.unauthenticated,
    log,
    logTap,
    wallClock: () => Date.now(),
    acceptRollback,
  });
}

/** Prints what a user of a development server needs, once. */
function greet(listeners: readonly Listener[], config: Config, rootToken: string): void {
  const first = config.listeners[0];
  const address =
    first?.kind === 'unix'
      ? `unix://${first.path}`
      : `${first?.tls === undefined ? 'http' : 'https'}://${first?.host ?? ''}:${listeners[0]?.port ?? 0}`;
  process.stdout.write(
    `\nInitialized. The root token is shown this once:\n\n  export VAULT_ADDR='${address}'\n  export VAULT_TOKEN='${rootToken}'\n\n`,
  );
}

/** Runs the server. Resolves with the exit code. */
export async function runServer(configFile: string, acceptRollback: boolean): Promise<number> {
  process.umask(0o077);
  const config = loadConfig(configFile);
  const tap = makeLog(config);
  const log = tap.logger;
  const server = makeServer(config, tap, acceptRollback);
  const listeners = config.listeners.map(
    (listener) =>
      new Listener(listenerOptions(config, listener), {
        serve: (incoming) => serveRequest(server, incoming),
        began: () => void server.inFlight++,
        answered: (status, seconds) => {
          server.inFlight--;
          server.metrics.answered(status, seconds);
        },
      }),
  );
  const stopped = Promise.withResolvers<number>();
  try {
    for (const listener of listeners) await listener.listen();
    await server.start();
    if (config.initialize.auto && server.boot === undefined) {
      const { rootToken } = await server.initialize({ shares: 1, threshold: 1 });
      greet(listeners, config, rootToken);
      server.confirm();
    }
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close()));
    await server.stop();
    throw error;
  }
  log.info({ pid: process.pid, sealed: server.unsealed === undefined, initialized: server.boot !== undefined }, 'listening');
  // Without a handler of ours, this signal would open Node's inspector, and with it every key.
  process.on('SIGUSR1', () => {});
  process.on('SIGHUP', () => void reload(config, server, listeners, log));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info({ signal }, 'stopping');
      // Listeners wait for their answers, and these have no end of their own.
      tap.endAll();
      Promise.all(listeners.map((listener) => listener.close()))
        .then(() => server.stop())
        .then(
          () => stopped.resolve(0),
          (error: unknown) => {
            log.error({ err: error }, 'stopping failed');
            stopped.resolve(exitFatal);
          },
        );
    });
  }
  return stopped.promise;
}
