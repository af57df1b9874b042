/**
 * Answers of handlers, kept with what they depended on and validated on every hit: exact, without an invalidation index. What is
 * kept is plaintext; sealing wipes it. Authorization and audit always run before it.
 */
import { isCurrent, type ReadSet } from '../barrier/transaction.ts';
import type { Storage } from '../storage/types.ts';
import { RecentMap } from '../barrier/recent-map.ts';

/** A kept answer. */
export interface CachedAnswer {
  readonly reads: ReadSet;
  readonly status: number;
  /** JSON text of the data; undefined for none. */
  readonly data: string | undefined;
  readonly warnings: readonly string[];
  /** Bytes in place of the envelope. */
  readonly raw: Uint8Array | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** The data as the audit writes it. */
  readonly auditData: string | undefined;
  /** Milliseconds since 1970. */
  readonly validUntil: number;
  /** Seconds, as the engine said. */
  readonly leaseDuration: number | undefined;
}

/** A cache bounded in bytes; what was used least recently leaves first. */
export class AnswerCache {
  readonly #entries: RecentMap<CachedAnswer>;
  readonly #bytesMax: number;
  /** For the metrics. */
  hits = 0;
  misses = 0;

  /** @param bytesMax bound of the kept text in UTF-16 units; 0 keeps nothing */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#entries = new RecentMap(bytesMax, sizeOf);
  }

  /** Whether it keeps anything at all. */
  get isOn(): boolean {
    return this.#bytesMax > 0;
  }

  /** A kept answer that still holds. */
  find(key: string, storage: Storage, now: () => number): CachedAnswer | undefined {
    const entry = this.#entries.get(key);
    if (
      entry === undefined ||
      !isCurrent(storage, entry.reads) ||
      (entry.validUntil !== Number.POSITIVE_INFINITY && entry.validUntil <= now())
    ) {
      if (entry !== undefined) this.#entries.delete(key);
      this.misses++;
      return undefined;
    }
    this.hits++;
    return entry;
  }

  /** Keeps an answer. */
  keep(key: string, entry: CachedAnswer): void {
    if (sizeOf(key, entry) <= this.#bytesMax / 8) this.#entries.set(key, entry);
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear();
  }
}

function sizeOf(key: string, entry: CachedAnswer): number {
  return (
    256 + key.length + (entry.data?.length ?? 0) + (entry.auditData?.length ?? 0) + (entry.raw?.length ?? 0) + 16 * entry.reads.slots.length
  );
}
