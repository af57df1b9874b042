/** Bits and keys from other keys. */
import { diffieHellman, hkdfSync, pbkdf2Sync } from 'node:crypto';
import { imported, secretBytes } from './keys.ts';
import { bytesOf, type CryptoTask, fail, hashOf, iterationsMax, nameOf, needed, type OpenKey, usable, whole } from './task.ts';

export function derived(task: CryptoTask, key: OpenKey, size: number): Uint8Array {
  const { params, other } = task;
  switch (key.algorithm['name']) {
    case 'HKDF':
      return new Uint8Array(hkdfSync(hashOf(params).node, key.object, bytesOf(task, 'salt'), bytesOf(task, 'info', 1024), size));
    case 'PBKDF2': {
      const iterations = whole(params?.['iterations'], 'iterations', 1, iterationsMax);
      return pbkdf2Sync(key.object.export(), bytesOf(task, 'salt'), iterations, size, hashOf(params).node);
    }
    default: {
      const peer = needed(other);
      if (peer.type !== 'public' || JSON.stringify(peer.algorithm) !== JSON.stringify(key.algorithm))
        return fail('InvalidAccessError', 'field public: expected a public key of the same algorithm');
      const secret = diffieHellman({ privateKey: key.object, publicKey: peer.object });
      return size <= secret.length ? secret.subarray(0, size) : fail('OperationError', `field length: at most ${secret.length * 8} bits`);
    }
  }
}

export function derivedKey(task: CryptoTask): OpenKey {
  const key = usable(task, 'deriveKey');
  const { size } = secretBytes(nameOf(task.algorithm), task.algorithm ?? {});
  return imported({ ...task, format: 'raw' }, derived(task, key, size));
}
