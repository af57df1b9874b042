/**
 * Answers of handlers, kept with what they depended on and validated on every hit: exact, without an invalidation index. What is
 * kept is plaintext; sealing wipes it. Authorization and audit always run before it.
 */
import { isCurrent, type ReadSet } from '../barrier/transaction.ts';
import type { Storage } from '../storage/types.ts';

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
  readonly #entries = new Map<string, CachedAnswer>();
  readonly #bytesMax: number;
  #bytes = 0;
  /** For the metrics. */
  hits = 0;
  misses = 0;

  /** @param bytesMax bound of the kept text in UTF-16 units; 0 keeps nothing */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** A kept answer that still holds. */
  find(key: string, storage: Storage, now: () => number): CachedAnswer | undefined {
    const entry = this.#entries.get(key);
    if (
      entry === undefined ||
      !isCurrent(storage, entry.reads) ||
      (entry.validUntil !== Number.POSITIVE_INFINITY && entry.validUntil <= now())
    ) {
      if (entry !== undefined) this.#drop(key, entry);
      this.misses++;
      return undefined;
    }
    this.hits++;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  /** Keeps an answer. */
  keep(key: string, entry: CachedAnswer): void {
    const size = sizeOf(key, entry);
    if (size > this.#bytesMax / 8) return;
    const old = this.#entries.get(key);
    if (old !== undefined) this.#drop(key, old);
    this.#entries.set(key, entry);
    this.#bytes += size;
    for (const [oldest, dropped] of this.#entries) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#drop(oldest, dropped);
    }
  }

  #drop(key: string, entry: CachedAnswer): void {
    this.#entries.delete(key);
    this.#bytes -= sizeOf(key, entry);
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}

function sizeOf(key: string, entry: CachedAnswer): number {
  return (
    256 + key.length + (entry.data?.length ?? 0) + (entry.auditData?.length ?? 0) + (entry.raw?.length ?? 0) + 16 * entry.reads.slots.length
  );
}
