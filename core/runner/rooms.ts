/** The engines of an unsealed server: for each plugin in use, its room, and what it declares. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type OutsideRequest, type OutsideResponse, PluginError } from '@strongroom/sdk-plugin';
import { RouteTable } from '@strongroom/sdk-plugin/hosting';
import type { Mount } from '../mounts/mount-table.ts';
import { StrongroomError } from '../errors.ts';
import { type CatalogEntry, findPlugin, type Isolation, type Serving, servingPlugin } from './catalog.ts';
import type { EngineOutline, RouteOutline } from '@strongroom/sdk-plugin/serving';
import { HostFetch } from './host-fetch.ts';
import { type RoomLimits, type RoomProgram, type RoomStatus, componentProgram, threadProgram, ThreadRoom } from './thread-room.ts';

/** How often, and how far apart, a replaced room must be found without a call before it is closed. */
const quietChecks = 5;
const quietMs = 200;

/** A loaded engine. */
export interface Engine {
  readonly entry: CatalogEntry;
  readonly isolation: Isolation;
  readonly outline: EngineOutline;
  readonly routes: RouteTable<RouteOutline>;
  readonly room: ThreadRoom;
}

/** An engine and an auth method may have the same name (`kubernetes`). */
function roomName(plugin: string, mountClass: Mount['class'], isolation: Isolation | undefined): string {
  const name = mountClass === 'auth' ? `auth/${plugin}` : plugin;
  return isolation === 'thread' ? name : `${name}:${isolation ?? ''}`;
}

/** Loads engines on demand, one room per plugin, version and isolation. */
export class Rooms {
  /** What can be mounted. */
  readonly catalog: readonly CatalogEntry[];
  readonly #limits: RoomLimits;
  readonly #log: Logger;
  readonly #rooms = new Map<string, ThreadRoom>();
  /** Rooms that others have replaced, until their last call has ended. */
  readonly #retiring = new Set<ThreadRoom>();
  readonly #engines = new Map<string, Promise<Engine>>();
  readonly #loaded = new Map<string, Engine>();
  readonly #fetchers = new Map<string, HostFetch>();
  #closed = false;

  constructor(catalog: readonly CatalogEntry[], limits: RoomLimits, log: Logger) {
    this.catalog = catalog;
    this.#limits = limits;
    this.#log = log;
  }

  /**
   * The engine, or auth method, of a plugin: at once when it is loaded.
   * @param isolation default: what the catalog says of the plugin
   * @throws StrongroomError `invalid` for an unknown plugin or a room it can't run in, `unavailable` when it can't be loaded
   */
  engine(plugin: string, mountClass: Mount['class'] = 'secret', isolation?: Isolation): Engine | Promise<Engine> {
    return this.#loaded.get(roomName(plugin, mountClass, isolation)) ?? this.#load(plugin, mountClass, isolation);
  }

  /** The engine, or auth method, of a plugin if it is loaded. */
  loaded(plugin: string, mountClass: Mount['class'] = 'secret', isolation: Isolation = 'thread'): Engine | undefined {
    return this.#loaded.get(roomName(plugin, mountClass, isolation));
  }

  /** What the catalog says of a plugin. @throws StrongroomError `invalid` for an unknown one */
  entry(plugin: string, mountClass: Mount['class'] = 'secret'): CatalogEntry {
    return findPlugin(this.catalog, kindOf(mountClass), plugin);
  }

  /** What serves mounts of a type with these options. @throws StrongroomError `invalid` for an unknown type or option */
  serving(type: string, mountClass: Mount['class'], options: Mount['options']): Serving {
    return servingPlugin(this.catalog, kindOf(mountClass), type, options);
  }

  #load(plugin: string, mountClass: Mount['class'], isolation: Isolation | undefined): Promise<Engine> {
    const name = roomName(plugin, mountClass, isolation);
    let loading = this.#engines.get(name);
    if (loading === undefined) {
      loading = this.#open(plugin, mountClass, isolation);
      this.#engines.set(name, loading);
      // A failed load is tried again by the next call (the room backs off).
      loading.catch(() => this.#engines.get(name) === loading && this.#engines.delete(name));
    }
    return loading;
  }

  async #open(plugin: string, mountClass: Mount['class'], isolation: Isolation | undefined): Promise<Engine> {
    const entry = this.entry(plugin, mountClass);
    const chosen = isolation ?? entry.isolation ?? 'thread';
    if (isolation === undefined) return this.engine(plugin, mountClass, chosen);
    const name = roomName(plugin, mountClass, chosen);
    const room = this.#rooms.get(name) ?? (await this.#start(name, entry, chosen));
    const isReplaced = (): boolean => this.#rooms.get(name) !== room;
    const outline = await room.outline().catch((error: unknown) => {
      if (isReplaced()) return undefined;
      throw error;
    });
    // A reload came between: what runs here now is in another room.
    if (outline === undefined || isReplaced()) return this.engine(plugin, mountClass, chosen);
    if (outline.name !== entry.name || outline.version !== entry.version)
      throw new StrongroomError(
        'unavailable',
        `plugin ${entry.name} ${entry.version}: its ${chosen === 'thread' ? 'module' : 'component'} says that it is ${outline.name} ${outline.version}`.slice(
          0,
          512,
        ),
      );
    const engine = { entry, isolation: chosen, outline, routes: routesOf(outline), room };
    this.#loaded.set(name, engine);
    return engine;
  }

  async #start(name: string, entry: CatalogEntry, isolation: Isolation): Promise<ThreadRoom> {
    const program = await programOf(entry, isolation);
    // A component takes its time to compile: nobody would close this room any more.
    if (this.#closed) throw new StrongroomError('unavailable', 'the server is sealing');
    const started = this.#rooms.get(name);
    if (started !== undefined) return started;
    const { heapMiB = this.#limits.heapMiB } = entry;
    const room = new ThreadRoom(program, { ...this.#limits, heapMiB }, this.#log);
    this.#rooms.set(name, room);
    return room;
  }

  /** Gives a plugin new workers: calls that come from now on run in them, those under way end where they run. */
  reload(plugin: string, mountClass: Mount['class']): void {
    const unspecified = roomName(plugin, mountClass, undefined);
    this.#loaded.delete(unspecified);
    this.#engines.delete(unspecified);
    for (const isolation of ['thread', 'component'] as const) {
      const name = roomName(plugin, mountClass, isolation);
      const room = this.#rooms.get(name);
      if (room === undefined) continue;
      this.#rooms.delete(name);
      this.#loaded.delete(name);
      this.#engines.delete(name);
      this.#retiring.add(room);
      void this.#retire(room);
    }
  }

  /** A request that has found the room before may still be on its way to it: it is closed when none has come for a while. */
  async #retire(room: ThreadRoom): Promise<void> {
    for (let quiet = 0; quiet < quietChecks && this.#retiring.has(room);) {
      await delay(quietMs, undefined, { ref: false });
      quiet = room.status().running === 0 ? quiet + 1 : 0;
    }
    if (this.#retiring.delete(room)) await room.close();
  }

  /** How the plugin of a mount reaches outside. @throws StrongroomError `invalid` for a malformed entry of its `hosts` */
  fetchOf({ id, hosts = [] }: Pick<Mount, 'id' | 'hosts'>): (request: OutsideRequest) => Promise<OutsideResponse> {
    const key = JSON.stringify([id, hosts]);
    let fetcher = this.#fetchers.get(key);
    if (fetcher === undefined) this.#fetchers.set(key, (fetcher = new HostFetch(hosts)));
    const sender = fetcher;
    return (request) => sender.send(request);
  }

  /** State of every room: `kv` for threads, `kv:component`; auth methods as `auth/<type>`. */
  status(): Readonly<Record<string, RoomStatus>> {
    return Object.fromEntries([...this.#rooms].map(([name, room]) => [name, room.status()]));
  }

  /** Stops all workers. */
  async close(): Promise<void> {
    this.#closed = true;
    const rooms = [...this.#rooms.values(), ...this.#retiring];
    this.#retiring.clear();
    await Promise.all(rooms.map((room) => room.close()));
    for (const fetcher of this.#fetchers.values()) fetcher.close();
    this.#fetchers.clear();
    this.#rooms.clear();
    this.#engines.clear();
    this.#loaded.clear();
  }
}

function kindOf(mountClass: Mount['class']): 'auth-method' | 'engine' {
  return mountClass === 'auth' ? 'auth-method' : 'engine';
}

function routesOf({ name, routes }: EngineOutline): RouteTable<RouteOutline> {
  try {
    return new RouteTable(routes);
  } catch (error) {
    throw error instanceof PluginError ? new StrongroomError('invalid', `plugin ${name}: ${error.message}`) : error;
  }
}

async function programOf({ name, module, component, sha256 }: CatalogEntry, isolation: Isolation): Promise<RoomProgram> {
  const refuse = (): never => {
    throw new StrongroomError('invalid', `plugin ${name}: field isolation: it can't run as ${isolation}`);
  };
  if (isolation === 'thread') return threadProgram(name, module ?? refuse(), sha256 !== undefined);
  return componentProgram(name, await (component ?? refuse()).prepare(), sha256 !== undefined);
}
