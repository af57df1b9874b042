/** Settings that the API changes while the server runs: kept in the store, and in memory because each request asks for them. */
import type { Transaction } from '../barrier/transaction.ts';
import type { Cors } from './host.ts';

const key = 'core/settings';

/** As stored. */
export interface StoredSettings {
  /** Undefined: as the config says; null: off. */
  readonly cors?: Cors | null;
  /** Headers that the audit shows, by lower-cased name. */
  readonly auditHeaders: Readonly<Record<string, { readonly hmac: boolean }>>;
}

/** The settings of one unsealing. */
export class LiveSettings {
  #stored: StoredSettings = { auditHeaders: {} };
  /** Names of headers that the audit shows. */
  shownHeaders: readonly string[] = [];
  /** Names of headers that the audit shows as they are. The audit's serializer holds this very set. */
  readonly clearHeaders: Set<string> = new Set();

  get cors(): StoredSettings['cors'] {
    return this.#stored.cors;
  }

  get auditHeaders(): StoredSettings['auditHeaders'] {
    return this.#stored.auditHeaders;
  }

  /** Takes over what is in force, once it is committed. */
  use(stored: StoredSettings): void {
    this.#stored = stored;
    this.shownHeaders = Object.keys(stored.auditHeaders);
    this.clearHeaders.clear();
    for (const [name, { hmac }] of Object.entries(stored.auditHeaders)) if (!hmac) this.clearHeaders.add(name);
  }
}

/** Reads what is stored. */
export async function readSettings(tx: Transaction): Promise<StoredSettings> {
  const stored = await tx.get(key);
  // Written by this file.
  return stored === undefined ? { auditHeaders: {} } : (JSON.parse(Buffer.from(stored).toString()) as StoredSettings);
}

/** Stores a change. */
export function writeSettings(tx: Transaction, settings: StoredSettings): void {
  tx.put(key, Buffer.from(JSON.stringify(settings)));
}
