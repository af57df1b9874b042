/**
 * The keys of plugins. A handle is sealed with a key of its mount, which the host keeps under its own KEK and destroys with the mount:
 *
 *     version (1)  length of facts (2)  facts: JSON  nonce (24)  XChaCha20-Poly1305 of the material, with mount and all before it as data
 *
 * Nonces of 24 bytes are drawn at random without a bound on how many, which a plugin could otherwise use up.
 */
import { randomBytes } from 'node:crypto';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { CryptoError } from '@strongroom/sdk-plugin';
import type { CryptoAnswer, CryptoQuestion } from '@strongroom/sdk-plugin/serving';
import { inTransaction } from '../barrier/in-transaction.ts';
import { Transaction, type Vault } from '../barrier/transaction.ts';
import { keyFrom, materialOf } from '../crypto/web/keys.ts';
import type { CryptoTask, KeyFacts, OpenKey } from '../crypto/web/task.ts';
import { isHeavy, runCrypto } from '../crypto/web/web-crypto.ts';
import type { JobPool } from './job-pool.ts';

/** Directory of the keys that seal handles, by mount. */
const handleKeys = 'core/handle-keys/';
const version = 1;
const headBytes = 3;
const nonceBytes = 24;
/** Opened keys that are kept. */
const openMax = 1000;
/** Heavy operations of a mount that run at once: others need the threads as well. */
const heavyPerMount = 2;

/** Keys that were made for a request, so that it does not wait for new ones when it restarts. */
export type MadeKeys = Map<string, Promise<CryptoAnswer>>;

/** What happens to the keys of a mount that is gone. */
export function dropHandleKey(tx: Transaction, mountId: string): void {
  tx.delete(handleKeys + mountId);
}

interface Lane {
  running: number;
  readonly waiting: (() => void)[];
}

/** The keys of every mount, for one unsealing. */
export class PluginCrypto {
  readonly #vault: Vault;
  readonly #jobs: JobPool;
  readonly #sealing = new Map<string, Promise<Uint8Array>>();
  /** By mount and handle; what was used least recently leaves first. */
  readonly #open = new Map<string, OpenKey>();
  readonly #lanes = new Map<string, Lane>();

  constructor(vault: Vault, jobs: JobPool) {
    this.#vault = vault;
    this.#jobs = jobs;
  }

  /** Answers the questions of one call. @param made keys of the same request's earlier tries, and the phase they are of */
  of(mountId: string, made?: MadeKeys, phase = ''): (question: CryptoQuestion) => Promise<CryptoAnswer> {
    let counted: Map<string, number> | undefined;
    return (question) => {
      if (question.op !== 'generateKey' || made === undefined) return this.#answer(mountId, question);
      const { algorithm, extractable, usages } = question;
      const wish = JSON.stringify([phase, algorithm, extractable, usages]);
      counted ??= new Map();
      const nth = (counted.get(wish) ?? 0) + 1;
      counted.set(wish, nth);
      const name = `${wish} ${nth}`;
      let known = made.get(name);
      if (known === undefined) made.set(name, (known = this.#answer(mountId, question)));
      return known;
    };
  }

  /** Forgets what was opened. */
  wipe(): void {
    this.#open.clear();
    for (const key of this.#sealing.values()) void key.then((bytes) => bytes.fill(0)).catch(() => {});
    this.#sealing.clear();
  }

  async #answer(mountId: string, question: CryptoQuestion): Promise<CryptoAnswer> {
    try {
      const { bytes } = question;
      const second = question.op === 'wrapKey' ? bytes['data'] : bytes['public'];
      const task: CryptoTask = {
        ...question,
        ...(bytes['key'] === undefined ? {} : { key: await this.#opened(mountId, bytes['key']) }),
        ...(second === undefined ? {} : { other: await this.#opened(mountId, second) }),
      };
      const { bytes: out, keys } = isHeavy(task) ? await this.#heavy(mountId, task) : runCrypto(task);
      return { out: out === undefined ? await Promise.all((keys ?? []).map((key) => this.#seal(mountId, key))) : [out] };
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      const { name, message } = error;
      return { error: { name, message } };
    }
  }

  async #heavy(mountId: string, task: CryptoTask): ReturnType<JobPool['crypto']> {
    const lane = this.#lanes.get(mountId) ?? { running: 0, waiting: [] };
    this.#lanes.set(mountId, lane);
    if (lane.running >= heavyPerMount) await new Promise<void>((resolve) => lane.waiting.push(resolve));
    else lane.running++;
    try {
      return await this.#jobs.crypto(task);
    } finally {
      const next = lane.waiting.shift();
      if (next !== undefined) next();
      else if (--lane.running === 0) this.#lanes.delete(mountId);
    }
  }

  /** The key that seals a mount's handles, made when it is first needed. */
  #sealingKey(mountId: string): Promise<Uint8Array> {
    let key = this.#sealing.get(mountId);
    if (key === undefined) {
      key = this.#findSealingKey(mountId);
      this.#sealing.set(mountId, key);
      key.catch(() => this.#sealing.delete(mountId));
    }
    return key;
  }

  async #findSealingKey(mountId: string): Promise<Uint8Array> {
    const name = handleKeys + mountId;
    const known = await new Transaction(this.#vault).get(name);
    if (known !== undefined) return Uint8Array.from(known);
    return inTransaction(this.#vault, async (tx) => {
      const found = await tx.get(name);
      if (found !== undefined) return Uint8Array.from(found);
      const fresh = randomBytes(32);
      tx.put(name, fresh);
      return Uint8Array.from(fresh);
    });
  }

  async #seal(mountId: string, key: OpenKey): Promise<Uint8Array> {
    const { type, extractable, algorithm, usages } = key;
    const facts = Buffer.from(JSON.stringify({ type, extractable, algorithm, usages } satisfies KeyFacts));
    const head = Buffer.concat([Uint8Array.of(version, facts.length >> 8, facts.length & 255), facts]);
    const nonce = randomBytes(nonceBytes);
    const material = materialOf(key);
    const body = xchacha20poly1305(await this.#sealingKey(mountId), nonce, dataOf(mountId, head)).encrypt(material);
    material.fill(0);
    const sealed = Buffer.concat([head, nonce, body]);
    this.#keep(mountId, sealed, key);
    return sealed;
  }

  async #opened(mountId: string, sealed: Uint8Array): Promise<OpenKey> {
    const name = nameOf(mountId, sealed);
    const known = this.#open.get(name);
    if (known !== undefined) {
      this.#open.delete(name);
      this.#open.set(name, known);
      return known;
    }
    const [format, high = 0, low = 0] = sealed;
    const bodyAt = headBytes + high * 256 + low;
    if (format !== version || sealed.length < bodyAt + nonceBytes + 16) throw new CryptoError('DataError', 'not a sealed key');
    const head = sealed.subarray(0, bodyAt);
    const sealingKey = await this.#sealingKey(mountId);
    let material: Uint8Array;
    try {
      material = xchacha20poly1305(sealingKey, sealed.subarray(bodyAt, bodyAt + nonceBytes), dataOf(mountId, head)).decrypt(
        sealed.subarray(bodyAt + nonceBytes),
      );
    } catch {
      throw new CryptoError('DataError', 'not a key that was sealed for this mount');
    }
    // Written by this file: the tag says so.
    const facts = JSON.parse(Buffer.from(head.subarray(headBytes)).toString()) as KeyFacts;
    const key = { ...facts, object: keyFrom(facts, Buffer.from(material)) };
    material.fill(0);
    this.#keep(mountId, sealed, key);
    return key;
  }

  #keep(mountId: string, sealed: Uint8Array, key: OpenKey): void {
    this.#open.set(nameOf(mountId, sealed), key);
    if (this.#open.size <= openMax) return;
    const [oldest] = this.#open.keys();
    if (oldest !== undefined) this.#open.delete(oldest);
  }
}

function nameOf(mountId: string, sealed: Uint8Array): string {
  return mountId + Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength).toString('latin1');
}

function dataOf(mountId: string, head: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${mountId}\0`), head]);
}
