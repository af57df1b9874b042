/** The mount table: one entry of the store (`core/mounts`), parsed once per change into what routes by the longest prefix. */
import type { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import { defaultLockout, type LockoutConfig } from '../identity/lockout.ts';
import type { RoleTokenType } from '../identity/token-role.ts';

/** Tunable settings of a mount. Durations in seconds, 0: the system's. */
export interface MountConfig {
  readonly defaultLeaseTtl: number;
  readonly maxLeaseTtl: number;
  readonly forceNoCache: boolean;
  readonly listingVisibility: '' | 'hidden' | 'unauth';
  readonly auditNonHmacRequestKeys: readonly string[];
  readonly auditNonHmacResponseKeys: readonly string[];
  readonly passthroughRequestHeaders: readonly string[];
  readonly allowedResponseHeaders: readonly string[];
  /** Of an auth mount, where it was tuned. */
  readonly lockout?: LockoutConfig;
  /** Of an auth mount, where it was tuned: the tokens of its logins. */
  readonly tokenType?: RoleTokenType;
}

/** One mounted engine. */
export interface Mount {
  /** Names its storage (`mount/<id>/`) and its KEK. */
  readonly id: string;
  /** With its trailing slash. */
  readonly path: string;
  readonly class: 'secret' | 'auth';
  /** As clients see it. */
  readonly type: string;
  /** What serves it, by its name in the catalog. */
  readonly plugin: string;
  readonly accessor: string;
  readonly description: string;
  readonly options: Readonly<Record<string, string>> | null;
  readonly config: MountConfig;
  readonly pluginVersion: string;
  /** The room that its engine runs in. */
  readonly isolation: 'thread' | 'component';
  /** Where its plugin may send HTTP requests; the config file alone sets it. */
  readonly hosts?: readonly string[];
}

/** Settings of a mount that says nothing. */
export const defaultMountConfig: MountConfig = {
  defaultLeaseTtl: 0,
  maxLeaseTtl: 0,
  forceNoCache: false,
  listingVisibility: '',
  auditNonHmacRequestKeys: [],
  auditNonHmacResponseKeys: [],
  passthroughRequestHeaders: [],
  allowedResponseHeaders: [],
};

/** When an auth mount locks those who guess. */
export function lockoutOf(mount: Mount): LockoutConfig {
  return mount.config.lockout ?? defaultLockout;
}

/** What the tokens of an auth mount's logins are. */
export function tokenTypeOfMount(mount: Mount): RoleTokenType {
  return mount.config.tokenType ?? 'default-service';
}

/** Storage key of the table. */
export const mountsKey = 'core/mounts';

/** An immutable table of mounts. */
export class MountTable {
  readonly mounts: readonly Mount[];
  readonly #byPath: ReadonlyMap<string, Mount>;
  /** Slashes in the path that has most of them. */
  readonly #slashesMax: number;

  constructor(mounts: readonly Mount[]) {
    this.mounts = mounts.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    this.#byPath = new Map(mounts.map((mount) => [mount.path, mount]));
    this.#slashesMax = Math.max(0, ...mounts.map(({ path }) => path.split('/').length - 1));
  }

  /** The mount at exactly this path (with its slash). */
  at(path: string): Mount | undefined {
    return this.#byPath.get(path);
  }

  /** The mount that serves a path: the longest prefix that ends in a slash. A mount's own path without its slash counts as its root. */
  serving(path: string): Mount | undefined {
    for (let end = this.#endOf(path); end > 0; end = path.lastIndexOf('/', end - 2) + 1) {
      const mount = this.#byPath.get(path[end - 1] === '/' ? path.slice(0, end) : `${path}/`);
      if (mount !== undefined) return mount;
    }
    return undefined;
  }

  /** Where the longest part of a path ends that may be a mount's. */
  #endOf(path: string): number {
    let end = 0;
    for (let slashes = 0; slashes < this.#slashesMax; slashes++) {
      const slash = path.indexOf('/', end);
      if (slash < 0) return path.length;
      end = slash + 1;
    }
    return end;
  }

  /** A mount that would hide, or be hidden by, a new one at this path. */
  conflicting(path: string): Mount | undefined {
    return this.mounts.find((mount) => mount.path.startsWith(path) || path.startsWith(mount.path));
  }

  /** The table with a mount added, or replaced when its id is there. */
  with(mount: Mount): MountTable {
    return new MountTable([...this.mounts.filter(({ id }) => id !== mount.id), mount]);
  }

  /** The table without a mount. */
  without(id: string): MountTable {
    return new MountTable(this.mounts.filter((mount) => mount.id !== id));
  }
}

/** Written here; before several engines could share a type, the plugin of a mount was its type. */
function parseTable(value: Uint8Array): MountTable {
  const mounts = JSON.parse(Buffer.from(value).toString()) as (Omit<Mount, 'plugin'> & Partial<Pick<Mount, 'plugin'>>)[];
  return new MountTable(mounts.map((mount) => ({ plugin: mount.type, ...mount })));
}

/** Reads the table inside a transaction; at once when it is kept. @throws StrongroomError `internal` when the store has none */
export function readMounts(tx: Transaction): MountTable | Promise<MountTable> {
  const loaded = tx.derived(mountsKey, parseTable);
  return loaded instanceof Promise ? loaded.then(existing) : existing(loaded);
}

function existing(table: MountTable | undefined): MountTable {
  if (table === undefined) throw new StrongroomError('internal', 'the mount table is missing');
  return table;
}

/** Writes the table. */
export function writeMounts(tx: Transaction, table: MountTable): void {
  tx.put(mountsKey, Buffer.from(JSON.stringify(table.mounts)));
}
