/**
 * The index in memory: a table of pages in key order. Pages of the snapshot load when they are first touched; clean ones beyond a
 * budget are dropped again, changed ones stay until compaction has written them.
 */
import { listingStart, pastDirectory } from '../keys.ts';
import { decodePage, Page, pageNamesMax, type Location } from './page.ts';

/** Where a page lies in the snapshot, and what it holds. */
export interface StoredPage {
  readonly file: number;
  readonly offset: number;
  /** Sealed length in bytes. */
  readonly length: number;
  /** Names in it. */
  readonly count: number;
  /** Value bytes that its names refer to, by file. */
  readonly bytesByFile: ReadonlyMap<number, number>;
}

/** One row of the page table: the keys from `first` up to the next row's. */
export interface PageRef {
  first: string;
  page: Page | undefined;
  /** Where it is stored, if its snapshot is current; a changed page has none. */
  stored: StoredPage | undefined;
  /** Counts changes, so that a capture can tell whether it is still current. */
  version: number;
  used: boolean;
}

/** Reads and opens the record of a page. */
export type PageReader = (stored: StoredPage) => Uint8Array;

/** An ordered map from key to location. */
export class PageIndex {
  #refs: PageRef[] = [{ first: '', page: new Page(), stored: undefined, version: 0, used: true }];
  readonly #read: PageReader;
  readonly #cleanMax: number;
  #clean: PageRef[] = [];
  #hand = 0;
  #keys = 0;
  readonly #liveBytes = new Map<number, number>();

  /**
   * @param read gives a page's record from the snapshot; what it throws passes through
   * @param cleanPagesMax loaded pages without changes that may stay
   */
  constructor(read: PageReader, cleanPagesMax: number) {
    this.#read = read;
    this.#cleanMax = Math.max(1, cleanPagesMax);
  }

  /** Number of keys. */
  get keys(): number {
    return this.#keys;
  }

  /** Number of pages. */
  get pages(): number {
    return this.#refs.length;
  }

  /** Bytes of live values by file. */
  get liveBytes(): ReadonlyMap<number, number> {
    return this.#liveBytes;
  }

  /** Starts from a snapshot's page table, in key order. */
  restore(table: readonly { readonly first: string; readonly stored: StoredPage }[]): void {
    if (table.length === 0) return;
    this.#refs = table.map(({ first, stored }) => ({ first, page: undefined, stored, version: 0, used: false }));
    for (const { stored } of table) {
      this.#keys += stored.count;
      for (const [file, bytes] of stored.bytesByFile) this.#count(file, bytes);
    }
  }

  /** Gives the location of a key. */
  get(key: string): Location | undefined {
    const page = this.load(this.refOf(key));
    const row = page.search(key);
    return page.names[row] === key ? page.at(row) : undefined;
  }

  /** Puts a key at a location; gives the one it had. */
  put(key: string, location: Location): Location | undefined {
    const at = this.#find(key);
    const ref = this.#row(at);
    const page = this.load(ref);
    const row = page.search(key);
    const before = page.names[row] === key ? page.at(row) : undefined;
    if (before !== undefined) {
      page.set(row, location);
      this.#count(before.file, -before.length);
    } else if (page.names.length < pageNamesMax) page.insert(row, key, location);
    else this.#insertSplitting(at, row, key, location);
    if (before === undefined) this.#keys++;
    this.#count(location.file, location.length);
    this.touch(ref);
    return before;
  }

  /** Takes a key out; gives the location it had. */
  remove(key: string): Location | undefined {
    const ref = this.refOf(key);
    const page = this.load(ref);
    const row = page.search(key);
    if (page.names[row] !== key) return undefined;
    const before = page.at(row);
    page.remove(row);
    this.#keys--;
    this.#count(before.file, -before.length);
    this.touch(ref);
    return before;
  }

  /** Moves a value that is already counted as live: the row of a loaded page gets another location. */
  relocate(ref: PageRef, row: number, location: Location): void {
    const page = this.load(ref);
    const before = page.at(row);
    page.set(row, location);
    this.#count(before.file, -before.length);
    this.#count(location.file, location.length);
    this.touch(ref);
  }

  /** Gives the keys next to `key` (which may be absent itself). */
  neighbours(key: string): { readonly previous: string | undefined; readonly next: string | undefined } {
    const at = this.#find(key);
    const page = this.load(this.#row(at));
    const row = page.search(key);
    const behind = page.names[row] === key ? row + 1 : row;
    let previous = page.names[row - 1];
    for (let i = at - 1; previous === undefined && i >= 0; i--) previous = this.load(this.#row(i)).names.at(-1);
    let next = page.names[behind];
    for (let i = at + 1; next === undefined && i < this.#refs.length; i++) next = this.load(this.#row(i)).names[0];
    return { previous, next };
  }

  /** Gives the children of a directory after a name, see `Storage.list`. */
  list(directory: string, after: string, limit: number): string[] {
    const names: string[] = [];
    let at = this.#find(listingStart(directory, after));
    let page = this.load(this.#row(at));
    let row = page.search(listingStart(directory, after));
    while (names.length < limit) {
      const key = page.names[row];
      if (key === undefined) {
        if (++at >= this.#refs.length) break;
        page = this.load(this.#row(at));
        row = 0;
        continue;
      }
      if (!key.startsWith(directory)) break;
      const slash = key.indexOf('/', directory.length);
      names.push(key.slice(directory.length, slash === -1 ? undefined : slash + 1));
      row++;
      if (slash === -1) continue;
      const past = pastDirectory(key.slice(0, slash + 1));
      if ((page.names.at(-1) ?? '') < past) {
        at = this.#find(past);
        page = this.load(this.#row(at));
      }
      row = page.search(past);
    }
    return names;
  }

  /** Gives the row of the table that covers a key. */
  refOf(key: string): PageRef {
    return this.#row(this.#find(key));
  }

  /** Gives the row behind the one that covers a key. */
  refAfter(key: string): PageRef | undefined {
    return this.#refs[this.#find(key) + 1];
  }

  /** All rows in key order. */
  refs(): readonly PageRef[] {
    return this.#refs;
  }

  /** Gives a row's page, from the snapshot if need be. */
  load(ref: PageRef): Page {
    ref.used = true;
    if (ref.page !== undefined) return ref.page;
    if (ref.stored === undefined) throw new RangeError('a page without a record');
    const page = decodePage(this.#read(ref.stored));
    ref.page = page;
    this.keepClean(ref);
    return page;
  }

  /** Says that the page of a row was changed. */
  touch(ref: PageRef): void {
    ref.version++;
    ref.stored = undefined;
  }

  /** Lets a page without changes be dropped later, and drops others now if there are too many; `ref` itself stays. */
  keepClean(ref: PageRef): void {
    this.#clean.push(ref);
    for (let tries = 2 * this.#clean.length; tries > 0 && this.#clean.length > this.#cleanMax; tries--) {
      this.#hand %= this.#clean.length;
      const candidate = this.#clean[this.#hand];
      if (candidate === undefined) return;
      const evictable = candidate.stored !== undefined;
      if (candidate === ref || (evictable && candidate.used)) {
        candidate.used = false;
        this.#hand++;
        continue;
      }
      const last = this.#clean.pop();
      if (last !== undefined && this.#hand < this.#clean.length) this.#clean[this.#hand] = last;
      if (evictable) candidate.page = undefined;
    }
  }

  /** Joins the page behind `ref` to it when both together are at most half full. Neither may be part of a running capture. */
  joinNext(ref: PageRef): void {
    const at = this.#find(ref.first);
    const next = this.#refs[at + 1];
    const count = (row: PageRef): number => row.page?.names.length ?? row.stored?.count ?? 0;
    if (next === undefined || count(ref) + count(next) > pageNamesMax / 2) return;
    const page = this.load(ref);
    this.touch(ref); // a changed page stays while the other one loads
    const other = this.load(next);
    this.touch(next);
    for (const [row, name] of other.names.entries()) page.insert(page.names.length, name, other.at(row));
    this.#refs.splice(at + 1, 1);
  }

  #insertSplitting(at: number, row: number, key: string, location: Location): void {
    const ref = this.#row(at);
    const page = this.load(ref);
    // Keys that arrive in order leave full pages behind.
    const middle = row === pageNamesMax && at === this.#refs.length - 1 ? row : pageNamesMax / 2;
    const right = page.splitAt(middle);
    if (row >= middle) right.insert(row - middle, key, location);
    else page.insert(row, key, location);
    const first = right.names[0] ?? key;
    this.#refs.splice(at + 1, 0, { first, page: right, stored: undefined, version: 0, used: true });
  }

  #find(key: string): number {
    const refs = this.#refs;
    let low = 0;
    let high = refs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((refs[middle]?.first ?? '') <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #row(at: number): PageRef {
    const ref = this.#refs[at];
    if (ref === undefined) throw new RangeError('no such page');
    return ref;
  }

  #count(file: number, bytes: number): void {
    const sum = (this.#liveBytes.get(file) ?? 0) + bytes;
    if (sum === 0) this.#liveBytes.delete(file);
    else this.#liveBytes.set(file, sum);
  }
}
