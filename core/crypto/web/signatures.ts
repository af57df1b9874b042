/** Signatures and message authentication codes. */
import { constants, createHmac, type KeyObject, sign as signOnce, timingSafeEqual, verify as verifyOnce } from 'node:crypto';
import { bytesOf, type CryptoTask, hashOf, type OpenKey, whole } from './task.ts';

function signing(
  { params }: CryptoTask,
  { object, algorithm }: OpenKey,
): { readonly hash: string | null; readonly input: { key: KeyObject } } {
  switch (algorithm['name']) {
    case 'ECDSA':
      return { hash: hashOf(params).node, input: { key: object, dsaEncoding: 'ieee-p1363' } as { key: KeyObject } };
    case 'Ed25519':
      return { hash: null, input: { key: object } };
    case 'RSA-PSS': {
      const hash = hashOf(algorithm);
      const most = Number(algorithm['modulusLength']) / 8 - hash.bytes - 2;
      const saltLength = whole(params?.['saltLength'], 'saltLength', 0, most);
      const input = { key: object, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
      return { hash: hash.node, input };
    }
    default:
      return { hash: hashOf(algorithm).node, input: { key: object } };
  }
}

function mac({ object, algorithm }: OpenKey, data: Uint8Array): Buffer {
  return createHmac(hashOf(algorithm).node, object).update(data).digest();
}

export function sign(task: CryptoTask, key: OpenKey): Uint8Array {
  const data = bytesOf(task, 'data');
  if (key.algorithm['name'] === 'HMAC') return mac(key, data);
  const { hash, input } = signing(task, key);
  return signOnce(hash, data, input);
}

export function verify(task: CryptoTask, key: OpenKey): boolean {
  const data = bytesOf(task, 'data');
  const signature = bytesOf(task, 'signature');
  if (key.algorithm['name'] === 'HMAC') {
    const expected = mac(key, data);
    return expected.length === signature.length && timingSafeEqual(expected, signature);
  }
  const { hash, input } = signing(task, key);
  return verifyOnce(hash, data, input, signature);
}
