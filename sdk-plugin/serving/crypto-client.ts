/** `ctx.crypto` inside a room: every operation is a question to the host, since keys are nowhere else. */
import { type Crypto, CryptoError, type CryptoErrorName, type CryptoKey, type CryptoKeyPair } from '../crypto.ts';
import { decodeUtf8 } from '../utf8.ts';
import type { CryptoAnswer, CryptoQuestion } from './messages.ts';

/** Asks the host. */
export type AskCrypto = (question: CryptoQuestion) => Promise<CryptoAnswer>;

type Parts = Omit<CryptoQuestion, 'kind' | 'op' | 'bytes' | 'params'> & {
  /** Of the operation; its bytes and keys are taken out. */
  readonly params?: object;
  readonly bytes?: Readonly<Record<string, Uint8Array>>;
};

/** Makes the operations of questions. @param random told when an answer can't be had twice */
export function cryptoClient(ask: AskCrypto, random: () => void): Crypto {
  const run = async (op: CryptoQuestion['op'], { params, bytes, ...rest }: Parts): Promise<readonly Uint8Array[]> => {
    const plain: Record<string, unknown> = {};
    const all: Record<string, Uint8Array> = { ...bytes };
    for (const [name, value] of Object.entries<unknown>({ ...params })) {
      if (value instanceof Uint8Array) all[name] = value;
      else if (isKey(value)) all[name] = value.sealed;
      else plain[name] = value;
    }
    const { out, error } = await ask({ kind: 'crypto', op, ...rest, ...(params === undefined ? {} : { params: plain }), bytes: all });
    // Written by the host.
    if (out === undefined) throw new CryptoError((error?.name ?? 'OperationError') as CryptoErrorName, error?.message ?? 'no answer');
    return out;
  };
  const bytesOf = async (op: CryptoQuestion['op'], parts: Parts): Promise<Uint8Array> => (await run(op, parts))[0] ?? new Uint8Array(0);
  const keyOf = async (op: CryptoQuestion['op'], parts: Parts): Promise<CryptoKey> => {
    random();
    return openKey(await bytesOf(op, parts));
  };
  const generate = async (
    algorithm: Readonly<Record<string, unknown>>,
    extractable: boolean,
    usages: readonly string[],
  ): Promise<CryptoKey | CryptoKeyPair> => {
    random();
    const [one = new Uint8Array(0), other] = await run('generateKey', { algorithm, extractable, usages });
    return other === undefined ? openKey(one) : { publicKey: openKey(one), privateKey: openKey(other) };
  };
  return {
    // What comes back is what the algorithm asks for: the host made it.
    generateKey: generate as Crypto['generateKey'],
    importKey: (format, data, algorithm, extractable, usages) =>
      keyOf('importKey', { format, algorithm, extractable, usages, bytes: { data } }),
    exportKey: (format, { sealed }) => bytesOf('exportKey', { format, bytes: { key: sealed } }),
    openKey,
    encrypt: (params, { sealed }, data) => {
      random();
      return bytesOf('encrypt', { params, bytes: { key: sealed, data } });
    },
    decrypt: (params, { sealed }, data) => bytesOf('decrypt', { params, bytes: { key: sealed, data } }),
    sign: (params, { sealed }, data) => {
      random();
      return bytesOf('sign', { params, bytes: { key: sealed, data } });
    },
    verify: async (params, { sealed }, signature, data) =>
      (await bytesOf('verify', { params, bytes: { key: sealed, signature, data } }))[0] === 1,
    digest: (hash, data) => bytesOf('digest', { params: { hash }, bytes: { data } }),
    deriveBits: (params, { sealed }, length) => bytesOf('deriveBits', { params, length, bytes: { key: sealed } }),
    deriveKey: (params, { sealed }, algorithm, extractable, usages) =>
      keyOf('deriveKey', { params, algorithm, extractable, usages, bytes: { key: sealed } }),
    wrapKey: (format, { sealed }, wrapping, params) => {
      random();
      return bytesOf('wrapKey', { format, params, bytes: { data: sealed, key: wrapping.sealed } });
    },
    unwrapKey: (format, data, unwrapping, params, algorithm, extractable, usages) =>
      keyOf('unwrapKey', { format, params, algorithm, extractable, usages, bytes: { data, key: unwrapping.sealed } }),
  };
}

function isKey(value: unknown): value is CryptoKey {
  return typeof value === 'object' && value !== null && 'sealed' in value;
}

/** Bytes before a handle's facts: the version of the format, and their length in two bytes. */
const headBytes = 3;

/** Reads the facts of a handle, which stand in clear before what is sealed. */
function openKey(sealed: Uint8Array): CryptoKey {
  const [version, high = 0, low = 0] = sealed;
  try {
    if (version !== 1) throw new Error('another format');
    // The host checks them, as a part of the seal, when the key is used.
    const facts = JSON.parse(decodeUtf8(sealed.subarray(headBytes, headBytes + high * 256 + low))) as Omit<CryptoKey, 'sealed'>;
    return { type: facts.type, extractable: facts.extractable, algorithm: facts.algorithm, usages: facts.usages, sealed };
  } catch {
    throw new CryptoError('DataError', 'not a sealed key');
  }
}
