/** A mount's storage in memory, with the transaction rules that the host keeps. */
import type { PluginStorage } from '../engine.ts';

/** What was committed: bytes by key. */
export type Entries = ReadonlyMap<string, Uint8Array>;

/** One transaction: reads see its own writes; nothing reaches the entries before `commit`. */
export class MemoryTransaction implements PluginStorage {
  /** Keys and directories that the handler asked for, in order. */
  readonly touched: string[] = [];
  private readonly entries: Map<string, Uint8Array>;
  private readonly writes = new Map<string, Uint8Array | undefined>();

  constructor(entries: Map<string, Uint8Array>) {
    this.entries = entries;
  }

  get(key: string): Promise<Uint8Array | undefined> {
    this.touched.push(key);
    return Promise.resolve(this.writes.has(key) ? this.writes.get(key) : this.entries.get(key));
  }

  list(directory: string, after = '', limit = 1_000_000): Promise<readonly string[]> {
    this.touched.push(directory);
    const keys = new Set(this.entries.keys());
    for (const [key, value] of this.writes) {
      if (value) keys.add(key);
      else keys.delete(key);
    }
    const names = new Set<string>();
    for (const key of keys) {
      if (!key.startsWith(directory)) continue;
      const rest = key.slice(directory.length);
      const slash = rest.indexOf('/');
      names.add(slash < 0 ? rest : rest.slice(0, slash + 1));
    }
    return Promise.resolve(
      [...names]
        .filter((name) => name > after)
        .sort()
        .slice(0, limit),
    );
  }

  put(key: string, value: Uint8Array): void {
    this.writes.set(key, value);
  }

  delete(key: string): void {
    this.writes.set(key, undefined);
  }

  async derived<T>(key: string, parse: (value: Uint8Array) => T): Promise<T | undefined> {
    const value = await this.get(key);
    return value && parse(value);
  }

  /** Makes the writes visible to later transactions. */
  commit(): void {
    for (const [key, value] of this.writes) {
      if (value) this.entries.set(key, value);
      else this.entries.delete(key);
    }
  }
}
