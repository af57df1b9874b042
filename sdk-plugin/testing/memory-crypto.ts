/** Keys in a test mount: Node's own Web Crypto answers what the host would. Handles are valid as long as this object lives. */
import { webcrypto } from 'node:crypto';
import type { CryptoAnswer, CryptoQuestion } from '../serving/messages.ts';

type Key = webcrypto.CryptoKey;
type Subtle = webcrypto.SubtleCrypto;
type Algorithm = webcrypto.AlgorithmIdentifier & Record<string, unknown>;

/** Answers the questions of one run of a call. */
export type Answers = (question: CryptoQuestion) => Promise<CryptoAnswer>;

/**
 * What one call asks for, computed once however often it is begun anew: its runs are compared, and new keys and signatures would all be
 * different. A server makes keys once, and signs again.
 */
export class CallCrypto {
  readonly #crypto: MemoryCrypto;
  readonly #known = new Map<string, Promise<CryptoAnswer>>();

  constructor(crypto: MemoryCrypto) {
    this.#crypto = crypto;
  }

  /** For a run from the call's start: whoever asks the same twice in it gets two answers. */
  forRun(): Answers {
    const counted = new Map<string, number>();
    return (question) => {
      const bytes = Object.entries(question.bytes).map(([name, value]) => [name, Buffer.from(value).toString('latin1')]);
      const wish = JSON.stringify({ ...question, bytes });
      const nth = (counted.get(wish) ?? 0) + 1;
      counted.set(wish, nth);
      const known = this.#known.get(`${nth} ${wish}`) ?? this.#crypto.answer(question);
      this.#known.set(`${nth} ${wish}`, known);
      return known;
    };
  }
}

/** Keys that a mount asked for. */
export class MemoryCrypto {
  readonly #keys = new Map<string, Key>();
  readonly #subtle: Subtle = webcrypto.subtle;

  /** Answers a question as the host does: with what came of it, or with the name and the message of a CryptoError. */
  async answer(question: CryptoQuestion): Promise<CryptoAnswer> {
    try {
      return { out: await this.#run(question) };
    } catch (error) {
      const { name, message } = error instanceof Error ? error : { name: 'OperationError', message: 'failed' };
      return { error: { name, message } };
    }
  }

  async #run(question: CryptoQuestion): Promise<readonly Uint8Array[]> {
    const { op, bytes, extractable = false, length = 0 } = question;
    const subtle = this.#subtle;
    const [data, signature] = [Uint8Array.from(bytes['data'] ?? []), Uint8Array.from(bytes['signature'] ?? [])];
    const params = this.#params(question);
    // What is malformed here is refused by subtle.
    const algorithm = { publicExponent: Uint8Array.of(1, 0, 1), ...question.algorithm } as unknown as Algorithm;
    const usages = (question.usages ?? []) as webcrypto.KeyUsage[];
    const key = (name: string): Key => this.#find(bytes[name]);
    const format = this.#format(question);
    const binary = async (result: Promise<ArrayBuffer>): Promise<readonly Uint8Array[]> => [new Uint8Array(await result)];
    switch (op) {
      case 'generateKey': {
        const made = await subtle.generateKey(algorithm as never, extractable, usages);
        return 'publicKey' in made ? [this.#seal(made.publicKey), this.#seal(made.privateKey)] : [this.#seal(made)];
      }
      case 'importKey': {
        const material = format === 'jwk' ? (JSON.parse(Buffer.from(data).toString()) as never) : data;
        return [this.#seal(await subtle.importKey(format as 'raw', material, algorithm, extractable, usages))];
      }
      case 'exportKey': {
        const exported: ArrayBuffer | object = await subtle.exportKey(format as 'raw', key('key'));
        return [exported instanceof ArrayBuffer ? new Uint8Array(exported) : Buffer.from(JSON.stringify(exported))];
      }
      case 'encrypt':
        return binary(subtle.encrypt(params, key('key'), data));
      case 'decrypt':
        return binary(subtle.decrypt(params, key('key'), data));
      case 'sign':
        return binary(subtle.sign(params, key('key'), data));
      case 'verify':
        return [Uint8Array.of((await subtle.verify(params, key('key'), signature, data)) ? 1 : 0)];
      case 'digest':
        return binary(subtle.digest(params['hash'] as string, data));
      case 'deriveBits':
        return binary(subtle.deriveBits(params, key('key'), length));
      case 'deriveKey':
        return [this.#seal(await subtle.deriveKey(params, key('key'), algorithm, extractable, usages))];
      case 'wrapKey':
        return binary(subtle.wrapKey(format as 'raw', key('data'), key('key'), params));
      case 'unwrapKey':
      default:
        return [this.#seal(await subtle.unwrapKey(format as 'raw', data, key('key'), params, algorithm, extractable, usages))];
    }
  }

  /** Subtle knows newer algorithms' secrets by a name of their own. */
  #format({ op, format = 'raw', algorithm, bytes }: CryptoQuestion): string {
    const exported = op === 'exportKey' ? bytes['key'] : op === 'wrapKey' ? bytes['data'] : undefined;
    const name = exported === undefined ? algorithm?.['name'] : this.#find(exported).algorithm.name;
    return format === 'raw' && name === 'ChaCha20-Poly1305' ? 'raw-secret' : format;
  }

  /** Parameters as subtle takes them: bytes and keys among the others. */
  #params({ params = {}, bytes }: CryptoQuestion): Algorithm {
    const { key: _key, data: _data, signature: _signature, public: peer, ...given } = bytes;
    return { ...params, ...given, ...(peer === undefined ? {} : { public: this.#find(peer) }) } as unknown as Algorithm;
  }

  #seal(key: Key): Uint8Array {
    const { type, extractable, usages } = key;
    // Subtle's hash is an object and the exponent bytes; a handle's is a name and always 65537.
    const {
      publicExponent: _,
      hash,
      ...algorithm
    } = key.algorithm as unknown as Record<string, unknown> & { readonly hash?: { name: string } };
    const named = hash === undefined ? algorithm : { ...algorithm, hash: hash.name };
    const facts = Buffer.from(JSON.stringify({ type, extractable, algorithm: named, usages }));
    const id = webcrypto.getRandomValues(new Uint8Array(16));
    const sealed = Buffer.concat([Uint8Array.of(1, facts.length >> 8, facts.length & 255), facts, id]);
    this.#keys.set(sealed.toString('latin1'), key);
    return sealed;
  }

  #find(sealed: Uint8Array | undefined): Key {
    const key = this.#keys.get(Buffer.from(sealed ?? []).toString('latin1'));
    if (key === undefined) throw new DOMException('not a key that was sealed for this mount', 'DataError');
    return key;
  }
}
