/** Encryption, and the wrapping of keys. */
import { constants, createCipheriv, createDecipheriv, type KeyObject, privateDecrypt, publicEncrypt } from 'node:crypto';
import { bytesOf, type CryptoTask, fail, hashOf, type OpenKey, optionalBytes } from './task.ts';

function aead(task: CryptoTask, key: OpenKey): { readonly cipher: 'aes-256-gcm'; readonly iv: Uint8Array; readonly tagBytes: number } {
  const chacha = key.algorithm['name'] === 'ChaCha20-Poly1305';
  const iv = bytesOf(task, 'iv', 128);
  if (chacha ? iv.length !== 12 : iv.length === 0) return fail('OperationError', `field iv: expected ${chacha ? '12' : '1 to 128'} bytes`);
  const { tagLength = 128 } = task.params ?? {};
  if (![96, 104, 112, 120, 128].includes(tagLength as number) || (chacha && tagLength !== 128))
    return fail('OperationError', `field tagLength: expected ${chacha ? '128' : '96, 104, 112, 120 or 128'}`);
  // One type for both: what node:crypto offers is the same.
  const cipher = (chacha ? 'chacha20-poly1305' : `aes-${String(key.algorithm['length'])}-gcm`) as 'aes-256-gcm';
  return { cipher, iv, tagBytes: (tagLength as number) / 8 };
}

function cbc(task: CryptoTask, key: OpenKey): readonly [cipher: string, key: KeyObject, iv: Uint8Array] {
  const iv = bytesOf(task, 'iv', 16);
  if (iv.length !== 16) return fail('OperationError', 'field iv: expected 16 bytes');
  return [`aes-${String(key.algorithm['length'])}-cbc`, key.object, iv];
}

function oaep(
  task: CryptoTask,
  { object, algorithm }: OpenKey,
): Parameters<typeof privateDecrypt>[0] & Parameters<typeof publicEncrypt>[0] {
  const label = optionalBytes(task, 'label');
  return {
    key: object,
    oaepHash: hashOf(algorithm).node,
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    ...(label === undefined ? {} : { oaepLabel: label }),
  };
}

export function encrypt(task: CryptoTask, key: OpenKey, data: Uint8Array): Uint8Array {
  switch (key.algorithm['name']) {
    case 'AES-GCM':
    case 'ChaCha20-Poly1305': {
      const { cipher: name, iv, tagBytes } = aead(task, key);
      const cipher = createCipheriv(name, key.object, iv, { authTagLength: tagBytes });
      const additional = optionalBytes(task, 'additionalData');
      if (additional !== undefined) cipher.setAAD(additional);
      const body = cipher.update(data);
      return Buffer.concat([body, cipher.final(), cipher.getAuthTag()]);
    }
    case 'AES-CBC': {
      const cipher = createCipheriv(...cbc(task, key));
      return Buffer.concat([cipher.update(data), cipher.final()]);
    }
    default:
      return publicEncrypt(oaep(task, key), data);
  }
}

export function decrypt(task: CryptoTask, key: OpenKey, data: Uint8Array): Uint8Array {
  switch (key.algorithm['name']) {
    case 'AES-GCM':
    case 'ChaCha20-Poly1305': {
      const { cipher: name, iv, tagBytes } = aead(task, key);
      if (data.length < tagBytes) return fail('OperationError', 'field data: shorter than its tag');
      const cut = data.length - tagBytes;
      const decipher = createDecipheriv(name, key.object, iv, { authTagLength: tagBytes });
      const additional = optionalBytes(task, 'additionalData');
      if (additional !== undefined) decipher.setAAD(additional);
      decipher.setAuthTag(data.subarray(cut));
      const body = decipher.update(data.subarray(0, cut));
      return Buffer.concat([body, decipher.final()]);
    }
    case 'AES-CBC': {
      const decipher = createDecipheriv(...cbc(task, key));
      return Buffer.concat([decipher.update(data), decipher.final()]);
    }
    default:
      return privateDecrypt(oaep(task, key), data);
  }
}

/** The default initial value of key wrap. @source RFC 3394, 2.2.3.1 */
const wrapIv = Buffer.alloc(8, 0xa6);

export function wrapped(task: CryptoTask, key: OpenKey, material: Uint8Array): Uint8Array {
  if (key.algorithm['name'] !== 'AES-KW') return encrypt(task, key, material);
  if (material.length < 16 || material.length % 8 !== 0) return fail('OperationError', 'AES-KW wraps 16 bytes or more, a multiple of 8');
  const cipher = createCipheriv(`aes${String(key.algorithm['length'])}-wrap`, key.object, wrapIv);
  return Buffer.concat([cipher.update(material), cipher.final()]);
}

export function unwrapped(task: CryptoTask, key: OpenKey): Uint8Array {
  const data = bytesOf(task, 'data');
  if (key.algorithm['name'] !== 'AES-KW') return decrypt(task, key, data);
  const decipher = createDecipheriv(`aes${String(key.algorithm['length'])}-wrap`, key.object, wrapIv);
  return Buffer.concat([decipher.update(data), decipher.final()]);
}
