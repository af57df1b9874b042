/** The engines of an unsealed server: for each type in use, its room, and what it declares. */
import type { Logger } from 'pino';
import type { OutsideRequest, OutsideResponse } from '@strongroom/sdk-plugin';
import type { Mount } from '../mounts/mount-table.ts';
import { StrongroomError } from '../errors.ts';
import { RouteTable } from '../mounts/route-table.ts';
import { type CatalogEntry, findPlugin, type Isolation } from './catalog.ts';
import type { EngineOutline, RouteOutline } from '@strongroom/sdk-plugin/serving';
import { HostFetch } from './host-fetch.ts';
import { type RoomLimits, type RoomProgram, type RoomStatus, threadProgram, ThreadRoom } from './thread-room.ts';

/** A loaded engine. */
export interface Engine {
  readonly entry: CatalogEntry;
  readonly isolation: Isolation;
  readonly outline: EngineOutline;
  readonly routes: RouteTable<RouteOutline>;
  readonly room: ThreadRoom;
}

/** Loads engines on demand, one room per type, version and isolation. */
export class Rooms {
  readonly #catalog: readonly CatalogEntry[];
  readonly #limits: RoomLimits;
  readonly #log: Logger;
  readonly #rooms = new Map<string, ThreadRoom>();
  readonly #engines = new Map<string, Promise<Engine>>();
  readonly #loaded = new Map<string, Engine>();
  readonly #fetchers = new Map<string, HostFetch>();
  #closed = false;

  constructor(catalog: readonly CatalogEntry[], limits: RoomLimits, log: Logger) {
    this.#catalog = catalog;
    this.#limits = limits;
    this.#log = log;
  }

  /**
   * The engine of a type: at once when it is loaded.
   * @param isolation default: what the catalog says of the type
   * @throws StrongroomError `invalid` for an unknown type or a room it can't run in, `unavailable` when it can't be loaded
   */
  engine(type: string, isolation?: Isolation): Engine | Promise<Engine> {
    return this.#loaded.get(roomName(type, isolation)) ?? this.#load(type, isolation);
  }

  #load(type: string, isolation: Isolation | undefined): Promise<Engine> {
    const name = roomName(type, isolation);
    let loading = this.#engines.get(name);
    if (loading === undefined) {
      loading = this.#open(type, isolation);
      this.#engines.set(name, loading);
      // A failed load is tried again by the next call (the room backs off).
      loading.catch(() => this.#engines.delete(name));
    }
    return loading;
  }

  async #open(type: string, isolation: Isolation | undefined): Promise<Engine> {
    const entry = findPlugin(this.#catalog, 'engine', type);
    const chosen = isolation ?? entry.isolation ?? 'thread';
    if (entry.name !== type || isolation === undefined) return this.engine(entry.name, chosen);
    const name = roomName(type, chosen);
    let room = this.#rooms.get(name);
    if (room === undefined) {
      const program = await programOf(entry, chosen);
      // A component takes its time to compile: nobody would close this room any more.
      if (this.#closed) throw new StrongroomError('unavailable', 'the server is sealing');
      const { heapMiB = this.#limits.heapMiB } = entry;
      room = new ThreadRoom(program, { ...this.#limits, heapMiB }, this.#log);
      this.#rooms.set(name, room);
    }
    const outline = await room.outline();
    if (entry.pinned === true && outline.version !== entry.version)
      throw new StrongroomError(
        'invalid',
        `plugin ${name}: field version: the plugin declares ${outline.version}, the config says ${entry.version}`,
      );
    const engine = { entry, isolation: chosen, outline, routes: new RouteTable(outline.routes), room };
    this.#loaded.set(name, engine);
    return engine;
  }

  /** How the plugin of a mount reaches outside. @throws StrongroomError `invalid` for a malformed entry of its `hosts` */
  fetchOf({ id, hosts = [] }: Pick<Mount, 'id' | 'hosts'>): (request: OutsideRequest) => Promise<OutsideResponse> {
    const key = JSON.stringify([id, hosts]);
    let fetcher = this.#fetchers.get(key);
    if (fetcher === undefined) this.#fetchers.set(key, (fetcher = new HostFetch(hosts)));
    const sender = fetcher;
    return (request) => sender.send(request);
  }

  /** State of every room: `kv` for threads, `kv:component`. */
  status(): Readonly<Record<string, RoomStatus>> {
    return Object.fromEntries([...this.#rooms].map(([name, room]) => [name, room.status()]));
  }

  /** Stops all workers. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#rooms.values()].map((room) => room.close()));
    for (const fetcher of this.#fetchers.values()) fetcher.close();
    this.#fetchers.clear();
    this.#rooms.clear();
    this.#engines.clear();
    this.#loaded.clear();
  }
}

function roomName(type: string, isolation: Isolation | undefined): string {
  return isolation === 'thread' ? type : `${type}:${isolation ?? ''}`;
}

async function programOf({ name, module, component }: CatalogEntry, isolation: Isolation): Promise<RoomProgram> {
  const refuse = (): never => {
    throw new StrongroomError('invalid', `plugin ${name}: field isolation: it can't run as ${isolation}`);
  };
  if (isolation === 'thread') return threadProgram(name, module ?? refuse());
  const prepared = await (component ?? refuse()).prepare();
  return { name, task: new URL('serve-component.ts', import.meta.url), data: { prepared } };
}
