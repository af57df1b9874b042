/**
 * The keyring: every key that protects data, by id and version. It is immutable; a change makes a new one, which becomes
 * durable as a record of the log in the same commit as what it is for. On disk the record is sealed under the root key:
 *
 *   format (1) | nonce (12) | AES-256-GCM( JSON of the keyring ) | tag (16)        aad = "keyring" cluster id
 */
import { randomBytes } from 'node:crypto';
import { decrypt, encrypt, keyBytes, nonceBytes } from '../crypto/aead.ts';
import { commitment, commits } from '../crypto/commitment.ts';
import { StrongroomError } from '../errors.ts';

/** One version of a key. */
export interface KeyVersion {
  readonly version: number;
  readonly key: Buffer;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Upper bound of the seals made with it, as persisted: rounded up in blocks. */
  readonly sealsReserved: number;
}

/** The log key's id. */
export const logKeyId = 'log';
/** Id of the KEK for the host's own state. */
export const hostKeyId = 'host';

/** Seals of one key version after which it is rotated at the latest: a tenth below the 2^32 that random nonces allow. @source NIST SP 800-38D section 8.3 */
export const sealsMax: number = 3_865_470_566;
/** How many seals are reserved (persisted) at a time: so many a crash may count too many. */
export const sealsBlock: number = 2 ** 18;

const format = 1;

/** An immutable set of versioned keys. */
export class Keyring {
  readonly #keys: ReadonlyMap<string, readonly KeyVersion[]>;

  private constructor(keys: ReadonlyMap<string, readonly KeyVersion[]>) {
    this.#keys = keys;
  }

  /** A keyring with a first version of the log key and of the host's KEK. */
  static create(now: number): Keyring {
    return new Keyring(new Map()).withKey(logKeyId, now).withKey(hostKeyId, now);
  }

  /** Ids of all keys. */
  ids(): string[] {
    return [...this.#keys.keys()];
  }

  /** Versions of a key, oldest first; empty for an unknown id. */
  versions(id: string): readonly KeyVersion[] {
    return this.#keys.get(id) ?? [];
  }

  /** The newest version. @throws StrongroomError `internal` when the key does not exist (its mount was deleted) */
  newest(id: string): KeyVersion {
    const newest = this.versions(id).at(-1);
    if (newest === undefined) throw new StrongroomError('internal', 'the key of this data has been destroyed');
    return newest;
  }

  /** A certain version. @throws StrongroomError `internal` when it does not exist (any more) */
  version(id: string, version: number): KeyVersion {
    const versions = this.versions(id);
    // Versions are consecutive, so the position follows from the oldest.
    const found = versions[version - (versions[0]?.version ?? 0)];
    if (found === undefined) throw new StrongroomError('internal', 'the key of this data has been destroyed');
    return found;
  }

  /** Adds a new version (the first, for a new id). */
  withKey(id: string, now: number): Keyring {
    const versions = this.versions(id);
    const added: KeyVersion = {
      version: (versions.at(-1)?.version ?? 0) + 1,
      key: Buffer.from(randomBytes(keyBytes)),
      createdAt: now,
      sealsReserved: sealsBlock,
    };
    return this.#with(id, [...versions, added]);
  }

  /** Adds a new version of every key. */
  rotated(now: number): Keyring {
    return this.ids().reduce<Keyring>((ring, id) => ring.withKey(id, now), this);
  }

  /** Destroys a key with all its versions. */
  without(id: string): Keyring {
    return this.#with(id, []);
  }

  /** Drops the versions of every KEK that are older than its newest. The log key keeps all: old frames and pages lie under them. */
  withoutOldKeks(): Keyring {
    return new Keyring(new Map(this.ids().map((id) => [id, id === logKeyId ? this.versions(id) : [this.newest(id)]])));
  }

  /** Whether some KEK has versions that only old values need. */
  get hasOldKeks(): boolean {
    return this.ids().some((id) => id !== logKeyId && this.versions(id).length > 1);
  }

  /** Reserves another block of seals for the newest version of a key. */
  withReservation(id: string): Keyring {
    const versions = this.versions(id);
    const newest = this.newest(id);
    return this.#with(id, [...versions.slice(0, -1), { ...newest, sealsReserved: newest.sealsReserved + sealsBlock }]);
  }

  /** The same keys as another object: a change of nothing but the root key that the record lies under. */
  unchanged(): Keyring {
    return new Keyring(this.#keys);
  }

  #with(id: string, versions: readonly KeyVersion[]): Keyring {
    const keys = new Map(this.#keys);
    if (versions.length === 0) keys.delete(id);
    else keys.set(id, versions);
    return new Keyring(keys);
  }

  /** Fills every key with zeros. The keyring is unusable afterwards, and so is every other that shares its keys. */
  wipe(): void {
    for (const versions of this.#keys.values()) for (const { key } of versions) key.fill(0);
  }

  /** Seals the keyring under the root key. */
  seal(rootKey: Uint8Array, clusterId: string): Buffer {
    const body = Buffer.from(
      JSON.stringify(
        [...this.#keys].map(([id, versions]) => ({
          id,
          versions: versions.map((v) => ({ ...v, key: v.key.toString('base64'), commitment: commitment(v.key).toString('base64') })),
        })),
      ),
    );
    const nonce = randomBytes(nonceBytes);
    const record = Buffer.concat([Buffer.of(format), nonce, encrypt(rootKey, nonce, aad(clusterId), body)]);
    body.fill(0);
    return record;
  }

  /** Opens what `seal` made. @throws StrongroomError `internal` for another key, another cluster, or a changed record */
  static open(record: Uint8Array, rootKey: Uint8Array, clusterId: string): Keyring {
    if (record[0] !== format) throw new StrongroomError('internal', `keyring record: expected format ${format}`);
    const body = decrypt(rootKey, record.subarray(1, 1 + nonceBytes), aad(clusterId), record.subarray(1 + nonceBytes));
    // Sealed by ourselves and authenticated: its shape needs no second check.
    const parsed = JSON.parse(body.toString()) as {
      id: string;
      versions: (Omit<KeyVersion, 'key'> & { key: string; commitment: string })[];
    }[];
    body.fill(0);
    const keys = parsed.map(({ id, versions }): [string, KeyVersion[]] => [
      id,
      versions.map(({ commitment: committed, ...v }) => {
        const key = Buffer.from(Buffer.from(v.key, 'base64'));
        if (!commits(key, Buffer.from(committed, 'base64')))
          throw new StrongroomError('internal', `keyring: key ${id} differs from its commitment`);
        return { ...v, key };
      }),
    ]);
    return new Keyring(new Map(keys));
  }
}

function aad(clusterId: string): Buffer {
  return Buffer.from(`keyring ${clusterId}`);
}
