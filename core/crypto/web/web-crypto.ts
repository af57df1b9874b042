/**
 * The operations of Web Crypto over node:crypto, synchronous: they run in a thread of jobs or, where they are cheap, in place. Node's own
 * `subtle` would run them in libuv's threads, where a flood of key generation keeps the disk waiting, and costs 35 µs more a call.
 * @source W3C Web Cryptography Level 2; every algorithm is tested against `subtle`
 */
import { hash as digestOnce } from 'node:crypto';
import { CryptoError } from '@strongroom/sdk-plugin';
import { decrypt, encrypt, unwrapped, wrapped } from './ciphers.ts';
import { derived, derivedKey } from './derivation.ts';
import { exported, generated, imported } from './keys.ts';
import { sign, verify } from './signatures.ts';
import {
  bitsToBytes,
  bytesOf,
  type CryptoResult,
  type CryptoTask,
  extractable,
  fail,
  hashOf,
  inPlaceBytes,
  needed,
  usable,
} from './task.ts';
/** Tells whether a task takes long enough to be worth another thread. */
export function isHeavy({ op, key, algorithm, bytes }: CryptoTask): boolean {
  const name = String((op === 'generateKey' ? algorithm : key?.algorithm)?.['name']);
  if (Object.values(bytes).some((one) => one.length > inPlaceBytes)) return true;
  if (name.startsWith('RSA')) return op === 'generateKey' || key?.type === 'private';
  return name === 'PBKDF2' || ['P-384', 'P-521'].includes(String(key?.algorithm['namedCurve']));
}

/** Does one. @throws CryptoError */
export function runCrypto(task: CryptoTask): CryptoResult {
  try {
    return run(task);
  } catch (error) {
    if (error instanceof CryptoError) throw error;
    // What OpenSSL says of it is not for plugins: it tells paddings apart.
    return fail('OperationError', `${task.op} failed`);
  }
}

function run(task: CryptoTask): CryptoResult {
  switch (task.op) {
    case 'generateKey':
      return { keys: generated(task) };
    case 'importKey':
      return { keys: [imported(task, bytesOf(task, 'data'))] };
    case 'exportKey':
      return { bytes: exported(task.format, extractable(needed(task.key))) };
    case 'encrypt':
      return { bytes: encrypt(task, usable(task, 'encrypt'), bytesOf(task, 'data')) };
    case 'decrypt':
      return { bytes: decrypt(task, usable(task, 'decrypt'), bytesOf(task, 'data')) };
    case 'sign':
      return { bytes: sign(task, usable(task, 'sign')) };
    case 'verify':
      return { bytes: Uint8Array.of(verify(task, usable(task, 'verify')) ? 1 : 0) };
    case 'digest':
      return { bytes: digestOnce(hashOf(task.params).node, bytesOf(task, 'data'), 'buffer') };
    case 'deriveBits':
      return { bytes: derived(task, usable(task, 'deriveBits'), bitsToBytes(task.length, 'length')) };
    case 'deriveKey':
      return { keys: [derivedKey(task)] };
    case 'wrapKey':
      return { bytes: wrapped(task, usable(task, 'wrapKey'), exported(task.format, extractable(needed(task.other)))) };
    case 'unwrapKey':
      return { keys: [imported(task, unwrapped(task, usable(task, 'unwrapKey')))] };
    default:
      return fail('NotSupportedError', 'field op: not an operation that the host knows');
  }
}
