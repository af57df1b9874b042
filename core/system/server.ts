/** The server: sealed or unsealed, and the way from one to the other. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Barrier } from '../barrier/barrier.ts';
import type { BootFile, GuardedRoot } from '../barrier/boot-file.ts';
import { openPrevious, unwrapRoot, withRoot } from '../barrier/root-key.ts';
import { KeySeal } from '../barrier/seal.ts';
import { StrongroomError } from '../errors.ts';
import { Clock } from '../identity/clock.ts';
import { RouteTable } from '@strongroom/sdk-plugin/hosting';
import type { Cors, Host, RequestLimits, SystemTtl, Unsealed } from '../request/host.ts';
import type { HostRoute } from '../request/host-route.ts';
import { RateLimiter } from '../request/rate-limit.ts';
import { RequestsUnderWay } from '../request/under-way.ts';
import { GenerateRoot } from './generate-root.ts';
import type { Housekeeping } from './housekeeping.ts';
import { CollectedShares } from './collected-shares.ts';
import { initialize, type Initialized, shamirId } from './initialize.ts';
import { applyDeclared, type Declared } from './declared.ts';
import { type Metrics, serverMetrics } from './metrics.ts';
import type { ShareWish } from './new-shares.ts';
import { Rekey } from './rekey.ts';
import { type PreparedRestore, Restore } from './restore.ts';
import { systemRoutes } from './routes.ts';
import type { ServerOptions, Tuning } from './server-options.ts';
import { type Opened, openParts } from './open-parts.ts';

/** How long sealing waits for requests that are under way. */
const drainMs = 5000;

/** A running server. Construct, `start`, serve, `stop`. */
export class Server implements Host {
  readonly options: ServerOptions;
  readonly log: Logger;
  limits: RequestLimits;
  ttl: SystemTtl;
  readonly rate: RateLimiter;
  #cors: Cors | undefined;
  readonly underWay: RequestsUnderWay = new RequestsUnderWay();
  /** Of the log, as the config says. */
  #configuredLevel: string;
  readonly system: RouteTable<HostRoute>;
  readonly progress: CollectedShares = new CollectedShares();
  readonly rekey: Rekey;
  readonly generateRoot: GenerateRoot;
  readonly restore: Restore;
  readonly metrics: Metrics;
  /** Requests under way. */
  inFlight = 0;
  #opened: Opened | undefined;
  #declared: Declared;
  /** One change of state at a time. */
  #changing: Promise<unknown> = Promise.resolve();
  /** Requests under way that wait for a change of state: sealing can't wait for them. */
  #waiting = 0;
  #answeredInit = false;

  constructor(options: ServerOptions) {
    this.options = options;
    this.log = options.log;
    this.limits = options.limits;
    this.ttl = options.ttl;
    this.rate = new RateLimiter(options.rate);
    this.#cors = options.cors;
    this.#configuredLevel = options.logTap?.level ?? options.log.level;
    this.#declared = options.declared;
    this.rekey = new Rekey(this);
    this.generateRoot = new GenerateRoot(this);
    this.restore = new Restore(this);
    this.metrics = serverMetrics(this);
    this.system = new RouteTable(systemRoutes(this));
  }

  get apiVersion(): string {
    return this.options.apiVersion;
  }

  get unsealed(): Unsealed | undefined {
    return this.#opened?.unsealed;
  }

  /** Level of the log. */
  get logLevel(): string {
    return this.options.logTap?.level ?? this.log.level;
  }

  /** Logs from another level on. @param level undefined: as the config says */
  setLogLevel(level: string = this.#configuredLevel): void {
    const { logTap } = this.options;
    if (logTap === undefined) this.log.level = level;
    else logTap.level = level;
  }

  /** Takes over what the config says now. */
  relevel(level: string): void {
    this.#configuredLevel = level;
    this.setLogLevel();
  }

  /** As the API has it, otherwise as the config says. */
  get cors(): Cors | undefined {
    const changed = this.unsealed?.settings.cors;
    return changed === undefined ? this.#cors : (changed ?? undefined);
  }

  /** The state of re-wrapping after a rotation. */
  get housekeeping(): Housekeeping | undefined {
    return this.#opened?.housekeeping;
  }

  /** The boot file, once there is one that counts. */
  get boot(): BootFile | undefined {
    const boot = this.options.directory.boot();
    return boot !== undefined && (boot.confirmed || this.#answeredInit || this.#opened !== undefined) ? boot : undefined;
  }

  /** Whether the seals open by themselves. */
  get automatic(): boolean {
    return this.options.seals.length > 0;
  }

  /**
   * Runs one change of state after another.
   * @param requests how many requests under way wait for it
   */
  exclusively<T>(requests: number, change: () => Promise<T>): Promise<T> {
    this.#waiting += requests;
    const done = this.#changing.then(change, change).finally(() => (this.#waiting -= requests));
    this.#changing = done.catch(() => {});
    return done;
  }

  /** Initializes. @throws StrongroomError `invalid` when it has been done already */
  initialize(wish: ShareWish): Promise<Initialized> {
    return this.exclusively(1, async () => {
      if (this.boot !== undefined) throw new StrongroomError('invalid', 'Vault is already initialized');
      const clock = new Clock(this.options.wallClock);
      const made = await initialize(this.options.directory, this.options.seals, wish, this.options.clusterName, clock);
      this.#answeredInit = true;
      if (this.automatic) await this.#unsealAutomatically();
      return made;
    });
  }

  /** Notes that the keys of the initialization have reached their holder. */
  confirm(): void {
    const boot = this.options.directory.boot();
    if (boot !== undefined && !boot.confirmed) this.options.directory.writeBoot({ ...boot, confirmed: true });
  }

  /** Unseals by the automatic seals when there are any and the server is initialized. */
  start(): Promise<void> {
    return this.exclusively(0, async () => {
      if (this.automatic && this.options.directory.boot()?.confirmed === true) await this.#unsealAutomatically();
    });
  }

  async #unsealAutomatically(): Promise<void> {
    const boot = this.options.directory.boot();
    if (boot === undefined) return;
    for (const seal of this.options.seals) {
      const rootKey = await unwrapRoot(boot, seal, boot.clusterId);
      if (rootKey !== undefined) return this.#open(boot, rootKey);
    }
    throw new StrongroomError(
      'invalid',
      `seal: none of the configured seals wraps the root key of this server; it needs ${boot.rootKeys.map(({ seal, id }) => `${seal} (${id})`).join(' or ')}`,
    );
  }

  /** Takes one share; unseals when they are enough. @throws StrongroomError `invalid` for a bad or wrong share */
  unsealWith(share: string): Promise<void> {
    return this.exclusively(1, async () => {
      const boot = this.options.directory.boot();
      if (boot === undefined) throw new StrongroomError('invalid', 'Vault is not initialized');
      if (this.#opened !== undefined) return;
      if (boot.shamir === undefined) throw new StrongroomError('invalid', 'this server unseals by itself; it has no shares');
      const joined = this.progress.add(share, boot.offered?.shamir === undefined ? [boot.shamir] : [boot.shamir, boot.offered.shamir]);
      if (joined === undefined) return;
      const root: GuardedRoot = joined.set === boot.shamir ? boot : (boot.offered ?? boot);
      const rootKey = await unwrapRoot(root, new KeySeal('shamir', shamirId, joined.key), boot.clusterId);
      joined.key.fill(0);
      if (rootKey === undefined) throw new StrongroomError('internal', 'the boot file lacks the root key');
      const settled = boot.offered === undefined ? boot : withRoot(boot, root);
      // Before anything is sealed under a root key, it is the boot file's only one.
      if (settled !== boot) this.options.directory.writeBoot(settled);
      await this.#open(settled, rootKey);
      this.confirm();
    });
  }

  async #open(boot: BootFile, rootKey: Buffer): Promise<void> {
    const barrier = new Barrier(rootKey, boot.clusterId, undefined, openPrevious(boot, rootKey, boot.clusterId));
    const opened: (() => Promise<void>)[] = [];
    try {
      this.#opened = await openParts(this.options, this.#declared, boot, barrier, opened);
    } catch (error) {
      for (const close of opened.toReversed())
        await close().catch((cause: unknown) => this.log.error({ err: cause }, 'closing after a failed unsealing'));
      barrier.wipe();
      throw error;
    }
    this.log.info({ revision: this.#opened.unsealed.storage.head() }, 'unsealed');
    if (boot.previousRootKey !== undefined) this.retirePreviousRoot();
  }

  /**
   * Puts another root key in force that the boot file has as offered, or is handed. Nothing yields between the boot file and the barrier.
   * @param root as `withPrevious` has made it
   */
  replaceRoot(root: GuardedRoot, rootKey: Buffer): void {
    const { directory } = this.options;
    const boot = directory.boot();
    if (boot === undefined || this.#opened === undefined) throw new StrongroomError('sealed', 'Vault is sealed');
    directory.writeBoot(withRoot(boot, root));
    this.#opened.unsealed.barrier.replaceRoot(rootKey);
    this.log.info('the root key was replaced');
    this.retirePreviousRoot();
  }

  /** Has everything in the store brought under the root key in force, in the background; then the one before opens nothing any more. */
  retirePreviousRoot(): void {
    this.#opened?.housekeeping.retirePreviousRoot(() => {
      const { directory } = this.options;
      const { previousRootKey: _retired, ...boot } = directory.boot()!;
      directory.writeBoot(boot);
    });
  }

  /** Applies changed policies and mounts of the config (SIGHUP). */
  redeclare(declared: Declared): Promise<void> {
    return this.exclusively(0, async () => {
      this.#declared = declared;
      if (this.#opened !== undefined) await applyDeclared(this.#opened.unsealed, declared, this.log);
    });
  }

  /** Takes other bounds over, for requests that begin from now on (SIGHUP). */
  retune({ limits, rate, ttl, cors }: Tuning): void {
    this.limits = limits;
    this.rate.change(rate);
    this.ttl = ttl;
    this.#cors = cors;
  }

  /** Seals: requests under way may end, then every key is wiped. `own`: requests that wait for this very call. */
  seal(own = 0): Promise<void> {
    return this.exclusively(own, async () => {
      if (this.#opened === undefined) return;
      await this.#close(this.#opened);
      this.log.info('sealed');
    });
  }

  async #close({ unsealed, housekeeping }: Opened): Promise<void> {
    this.#opened = undefined;
    this.options.logTap?.endAll();
    const until = performance.now() + drainMs;
    while (this.inFlight > this.#waiting && performance.now() < until) await delay(5);
    await housekeeping.stop();
    await unsealed.leases.stop();
    await unsealed.rotations.stop();
    await unsealed.rooms.close();
    await unsealed.jobs.close();
    await unsealed.audit.close().catch((error: unknown) => this.log.error({ err: error }, 'closing the audit failed'));
    await unsealed.storage.close();
    unsealed.cache.clear();
    unsealed.crypto.wipe();
    unsealed.derived.clear();
    unsealed.sealed?.clear();
    unsealed.policies.clear();
    unsealed.identities.clear();
    unsealed.barrier.wipe();
    this.progress.reset();
    this.rekey.cancel();
    this.generateRoot.cancel();
  }

  /** Puts a backup in the store's place. Without its root key the server is sealed afterwards. */
  replaceStore({ store, boot, rootKey, warnings }: PreparedRestore): Promise<void> {
    return this.exclusively(1, async () => {
      const { directory } = this.options;
      const before = directory.boot();
      if (this.#opened === undefined || before === undefined) {
        store.discard();
        throw new StrongroomError('sealed', 'Vault is sealed');
      }
      const { barrier, storage } = this.#opened.unsealed;
      const ownRoot = barrier.copyRoot();
      await this.#close(this.#opened);
      const { offered: _offered, ...settled } = boot;
      try {
        directory.writeBoot({ ...settled, store: store.name, confirmed: true, restoredAfter: storage.head() });
      } catch (error) {
        store.discard();
        await this.#open(before, ownRoot);
        throw error;
      }
      ownRoot.fill(0);
      directory.discard(before.store);
      this.log.warn(
        { cluster: boot.clusterId, forced: warnings },
        warnings.length > 0 ? 'a backup was restored by force' : 'a backup was restored',
      );
      if (rootKey !== undefined) await this.#open(directory.boot()!, rootKey);
    });
  }

  /** Seals and lets go of the directory. */
  async stop(): Promise<void> {
    await this.seal();
    this.options.directory.release();
  }
}
