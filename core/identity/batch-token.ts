/**
 * Batch tokens: everything about them is in their text, sealed by the barrier, and nothing in the store.
 *
 *   hvb.<base64url of: version of the log key (4) | nonce (12) | ciphertext | tag (16)>
 *
 * The plaintext is JSON with short names, and without what says nothing:
 *
 *   p policies   n display name   u path   m metadata   c created at   t lifetime, in seconds
 *   a hash of the parent   b bound CIDRs   r role   l id of the auth mount whose login made it   e id of the entity
 */
import type { Barrier } from '../barrier/barrier.ts';
import { StrongroomError } from '../errors.ts';
import { batchTokenPrefix, tokenBytesMax, type TokenRecord } from './token.ts';

const purpose = 'batch token';
/** Most that are kept opened. */
const openedMax = 5000;

interface Compact {
  readonly p: readonly string[];
  readonly n: string;
  readonly u: string;
  readonly m?: Readonly<Record<string, string>>;
  readonly c: number;
  readonly t: number;
  readonly a?: string;
  readonly b?: readonly string[];
  readonly r?: string;
  readonly l?: string;
  readonly e?: string;
}

/** What is said of a batch token when it is made: no accessor, depth, uses, period or explicit maximum, since it has none. */
export type BatchRecord = Pick<TokenRecord, 'policies' | 'displayName' | 'path' | 'meta' | 'createdAt' | 'issueTtl' | 'boundCidrs'> & {
  readonly parent?: string;
  readonly role?: string;
  readonly loginMountId?: string;
  readonly entityId?: string;
};

/** A batch token's claims: its record, and the auth mount that its login came from. */
export interface OpenedBatchToken {
  readonly record: TokenRecord;
  readonly loginMountId: string | undefined;
}

/** Whether a token's text is that of a batch token, valid or not. */
export function isBatchText(token: string): boolean {
  return token.startsWith(batchTokenPrefix);
}

/** Seals and opens batch tokens. */
export class BatchTokens {
  readonly #barrier: Barrier;
  /** By hash, oldest first. */
  readonly #opened = new Map<string, OpenedBatchToken>();

  constructor(barrier: Barrier) {
    this.#barrier = barrier;
  }

  /** A new batch token. @throws StrongroomError `invalid` when its policies and metadata don't fit into it */
  seal(record: BatchRecord): OpenedBatchToken & { readonly token: string } {
    const { policies, displayName, path, meta, createdAt, issueTtl, parent, boundCidrs, role, loginMountId, entityId } = record;
    const compact: Compact = {
      p: policies,
      n: displayName,
      u: path,
      ...(meta === null ? {} : { m: meta }),
      c: createdAt,
      t: issueTtl,
      ...(parent === undefined ? {} : { a: parent }),
      ...(boundCidrs.length === 0 ? {} : { b: boundCidrs }),
      ...(role === undefined ? {} : { r: role }),
      ...(loginMountId === undefined ? {} : { l: loginMountId }),
      ...(entityId === undefined ? {} : { e: entityId }),
    };
    const token = batchTokenPrefix + this.#barrier.sealPortable(purpose, Buffer.from(JSON.stringify(compact))).toString('base64url');
    if (token.length > tokenBytesMax)
      throw new StrongroomError(
        'invalid',
        `fields policies, meta: a batch token holds them itself, and may have ${tokenBytesMax} characters; this one would have ${token.length}`,
      );
    return { token, ...openedOf(compact) };
  }

  /**
   * What a batch token says; undefined for a text that this server did not make, exactly so. It is kept for the next time: opening it, and
   * what others derive from its record, costs 30 µs.
   * @param hash its name
   */
  open(token: string, hash: string): OpenedBatchToken | undefined {
    const kept = this.#opened.get(hash);
    if (kept !== undefined) return kept;
    const text = token.slice(batchTokenPrefix.length);
    const sealed = Buffer.from(text, 'base64url');
    // One text per token: the decoder skips what it does not know, and takes loose bits at the end.
    if (sealed.toString('base64url') !== text) return undefined;
    const plaintext = this.#barrier.openPortable(purpose, sealed);
    if (plaintext === undefined) return undefined;
    // Authenticated, and written only here.
    const opened = openedOf(JSON.parse(plaintext.toString()) as Compact);
    // Only what this server made is kept, so that strangers can't fill the map.
    this.#opened.set(hash, opened);
    const [oldest] = this.#opened.size > openedMax ? this.#opened.keys() : [];
    if (oldest !== undefined) this.#opened.delete(oldest);
    return opened;
  }
}

function openedOf({ p, n, u, m, c, t, a, b, r, l, e }: Compact): OpenedBatchToken {
  return {
    loginMountId: l,
    record: {
      type: 'batch',
      accessor: '',
      policies: p,
      path: u,
      displayName: n,
      meta: m ?? null,
      createdAt: c,
      expiresAt: c + t * 1000,
      issueTtl: t,
      explicitMaxTtl: 0,
      period: 0,
      renewable: false,
      orphan: a === undefined,
      ...(a === undefined ? {} : { parent: a }),
      depth: 0,
      usesLeft: 0,
      boundCidrs: b ?? [],
      ...(r === undefined ? {} : { role: r }),
      ...(e === undefined ? {} : { entityId: e }),
    },
  };
}
