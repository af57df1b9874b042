/**
 * The barrier while unsealed: holds the root key and the keyring, encrypts and decrypts what the store keeps, and is the log's
 * cipher. A key of the store tells its KEK: `mount/<id>/…` lies under that mount's, everything else under the host's.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { decrypt, encrypt, nonceBytes, tagBytes } from '../crypto/aead.ts';
import { pooledRandom } from '../crypto/random-pool.ts';
import { deriveKey } from '../crypto/commitment.ts';
import type { LogCipher } from '../storage/cipher.ts';
import { dekTable, openEnvelope, rewrapEnvelope, sealEnvelope } from './envelope.ts';
import { hostKeyId, Keyring, logKeyId, sealsBlock, sealsMax } from './keyring.ts';
import { PurposeKeys } from './purpose-keys.ts';

/** Prefix of the storage keys of a mount, with its slash. */
export function mountPrefix(mountId: string): string {
  return `mount/${mountId}/`;
}

function kekIdOf(key: string): string {
  return key.startsWith('mount/') ? key.slice(6, key.indexOf('/', 6)) : hostKeyId;
}

/** Seals of the newest version of a key. */
interface KeyUsage {
  readonly version: number;
  /** At most so many: those of runs before are known in blocks. */
  seals: number;
  /** The reservation at which more was asked for. */
  askedAt: number;
}

interface Root {
  readonly key: Buffer;
  /** Authenticates the manifest. */
  readonly manifestKey: Buffer;
}

function rootOf(key: Buffer): Root {
  return { key, manifestKey: deriveKey(key, 'manifest') };
}

function wipeRoot({ key, manifestKey }: Root): void {
  key.fill(0);
  manifestKey.fill(0);
}

function macUnder({ manifestKey }: Root, bytes: Uint8Array): Buffer {
  return createHmac('sha256', manifestKey).update(bytes).digest();
}

/** Encrypts and decrypts with the keys of one unsealing. */
export class Barrier implements LogCipher {
  readonly clusterId: string;
  #root: Root;
  /** The root key that this one has replaced, as long as something on the disk lies under it. */
  #previous: Root | undefined;
  #keyring: Keyring;
  /** The keyring before each that was adopted. */
  readonly #adopted = new WeakMap<Keyring, Keyring>();
  readonly #retracted = new WeakSet<Keyring>();
  readonly #purposeKeys = new PurposeKeys();
  readonly #deks = dekTable();
  readonly #usage = new Map<string, KeyUsage>();
  #sealsMax = sealsMax;
  #exhausted: ((id: string, rotate: boolean) => void) | undefined;

  /**
   * @param keyring a fresh one at initialization; otherwise the log hands over the stored one before it needs it
   * @param previous the root key that `rootKey` has replaced, while the store may still lie under it
   */
  constructor(rootKey: Buffer, clusterId: string, keyring?: Keyring, previous?: Buffer) {
    this.clusterId = clusterId;
    this.#root = rootOf(rootKey);
    this.#previous = previous === undefined ? undefined : rootOf(previous);
    this.#keyring = keyring ?? Keyring.create(0);
  }

  /** Puts another root key in force: what is sealed from now on lies under it. The boot file must hold it, and this one under it, already. */
  replaceRoot(rootKey: Buffer): void {
    this.#previous = this.#root;
    this.#root = rootOf(rootKey);
  }

  /** Forgets the root key before this one: nothing on the disk lies under it any more. */
  forgetPreviousRoot(): void {
    if (this.#previous !== undefined) wipeRoot(this.#previous);
    this.#previous = undefined;
  }

  /** Gives a copy of the root key, which the caller fills with zeros. */
  copyRoot(): Buffer {
    const copy = Buffer.alloc(this.#root.key.length);
    this.#root.key.copy(copy);
    return copy;
  }

  /** The keys in force. */
  get ring(): Keyring {
    return this.#keyring;
  }

  /** Seals a keyring for the log. */
  record(keyring: Keyring): Uint8Array {
    return keyring.seal(this.#root.key, this.clusterId);
  }

  /** Puts another keyring in force; what was sealed before stays readable as long as its versions are in it. */
  adopt(keyring: Keyring): void {
    this.#adopted.set(keyring, this.#keyring);
    this.#keyring = keyring;
    this.#deks.wipe();
  }

  /** Notes that a keyring is durable: nothing before it comes back. */
  keep(keyring: Keyring): void {
    this.#adopted.delete(keyring);
  }

  /** Takes back a keyring whose commit failed, and every one that was built on it and failed too: the newest that stands is in force. */
  retract(keyring: Keyring): void {
    this.#retracted.add(keyring);
    let ring: Keyring | undefined = this.#keyring;
    while (ring !== undefined && this.#retracted.has(ring)) ring = this.#adopted.get(ring);
    if (ring !== undefined) this.#keyring = ring;
    this.#deks.wipe();
  }

  /** Says what to do when a key has nearly used up its reserved seals: reserve another block, or rotate. */
  onExhausted(report: (id: string, rotate: boolean) => void): void {
    this.#exhausted = report;
  }

  /** Sets after how many seals a key is rotated. @param seals at most `sealsMax` */
  limitSeals(seals: number): void {
    this.#sealsMax = Math.min(seals, sealsMax);
  }

  /** How often the newest version of a key has sealed, at most. */
  seals(id: string): number {
    return this.#usageOf(id, this.#keyring.newest(id)).seals;
  }

  /** Encrypts a value for its storage key. */
  sealValue(key: string, value: Uint8Array): Uint8Array {
    const id = kekIdOf(key);
    this.#count(id);
    return sealEnvelope(this.#keyring.newest(id), { cluster: this.clusterId, key }, value);
  }

  /** Decrypts a stored value. @throws StrongroomError `internal` when it is not what was sealed for this key */
  openValue(key: string, sealed: Uint8Array): Uint8Array {
    const id = kekIdOf(key);
    return openEnvelope((version) => this.#keyring.version(id, version), { cluster: this.clusterId, key }, sealed, this.#deks);
  }

  keyring(record: Uint8Array): void {
    try {
      this.#keyring = Keyring.open(record, this.#root.key, this.clusterId);
    } catch (error) {
      if (this.#previous === undefined) throw error;
      this.#keyring = Keyring.open(record, this.#previous.key, this.clusterId);
    }
    this.#takeUsage();
  }

  /** Layout: log key version (4, big endian), nonce (12), ciphertext, tag (16). */
  seal(plaintext: Uint8Array, aad: Uint8Array): Uint8Array {
    this.#count(logKeyId);
    const { version, key } = this.#keyring.newest(logKeyId);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(version);
    const nonce = pooledRandom(nonceBytes);
    return Buffer.concat([head, nonce, encrypt(key, nonce, Buffer.concat([head, aad]), plaintext)]);
  }

  open(sealed: Uint8Array, aad: Uint8Array): Uint8Array {
    const head = Buffer.from(sealed.subarray(0, 4));
    const { key } = this.#keyring.version(logKeyId, head.length === 4 ? head.readUInt32BE() : 0);
    return decrypt(key, sealed.subarray(4, 4 + nonceBytes), Buffer.concat([head, aad]), sealed.subarray(4 + nonceBytes));
  }

  /**
   * Encrypts what leaves the server and will come back. Only the same purpose and cluster open it, after any number of rotations.
   * Layout: version of the log key (4, big endian), nonce (12), ciphertext, tag (16).
   */
  sealPortable(purpose: string, plaintext: Uint8Array): Buffer {
    this.#count(logKeyId);
    const newest = this.#keyring.newest(logKeyId);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(newest.version);
    const nonce = pooledRandom(nonceBytes);
    return Buffer.concat([head, nonce, encrypt(this.#purposeKeys.of(purpose, newest), nonce, this.#portableAad(purpose, head), plaintext)]);
  }

  /** Decrypts what `sealPortable` made; undefined for everything else. */
  openPortable(purpose: string, sealed: Uint8Array): Buffer | undefined {
    if (sealed.length < 4 + nonceBytes + tagBytes) return undefined;
    const head = Buffer.from(sealed.subarray(0, 4));
    const version = head.readUInt32BE();
    const known = this.#keyring.versions(logKeyId).find((candidate) => candidate.version === version);
    if (known === undefined) return undefined;
    const nonce = sealed.subarray(4, 4 + nonceBytes);
    try {
      return decrypt(this.#purposeKeys.of(purpose, known), nonce, this.#portableAad(purpose, head), sealed.subarray(4 + nonceBytes));
    } catch {
      return undefined;
    }
  }

  #portableAad(purpose: string, head: Uint8Array): Buffer {
    return Buffer.concat([head, Buffer.from(`${purpose} ${this.clusterId}`)]);
  }

  mac(bytes: Uint8Array): Uint8Array {
    return macUnder(this.#root, bytes);
  }

  isMac(bytes: Uint8Array, mac: Uint8Array): boolean {
    const families = this.#previous === undefined ? [this.#root] : [this.#root, this.#previous];
    return mac.length === 32 && families.some((root) => timingSafeEqual(macUnder(root, bytes), mac));
  }

  rewrap(key: string, value: Uint8Array): Uint8Array | undefined {
    const id = kekIdOf(key);
    // What is left of a deleted mount can't be opened any more; its sweep removes it.
    if (this.#keyring.versions(id).length === 0) return undefined;
    this.#count(id);
    return rewrapEnvelope(
      this.#keyring.newest(id),
      (version) => this.#keyring.version(id, version),
      { cluster: this.clusterId, key },
      value,
    );
  }

  /** Fills every key with zeros. */
  wipe(): void {
    this.#keyring.wipe();
    this.#purposeKeys.wipe();
    this.#deks.wipe();
    wipeRoot(this.#root);
    this.forgetPreviousRoot();
  }

  #count(id: string): void {
    const { version, sealsReserved } = this.#keyring.newest(id);
    const usage = this.#usageOf(id, { version });
    usage.seals++;
    const worn = usage.seals >= this.#sealsMax;
    // Half a block is left when the report goes out, so that the reservation is durable before the block is used up.
    // Before anybody listens nothing has been asked for: what is said to nobody must be said again.
    if (this.#exhausted === undefined || usage.askedAt === sealsReserved || (!worn && sealsReserved - usage.seals > sealsBlock / 2)) return;
    usage.askedAt = sealsReserved;
    this.#exhausted(id, worn);
  }

  #usageOf(id: string, { version }: { readonly version: number }): KeyUsage {
    const known = this.#usage.get(id);
    if (known?.version === version) return known;
    const usage = { version, seals: 0, askedAt: 0 };
    this.#usage.set(id, usage);
    return usage;
  }

  /** Seals of earlier runs: as many as they had reserved. */
  #takeUsage(): void {
    for (const id of this.#keyring.ids()) {
      const { version, sealsReserved } = this.#keyring.newest(id);
      this.#usage.set(id, { version, seals: sealsReserved, askedAt: 0 });
    }
  }
}
