/** A LogCipher for tests and benchmarks: real AES-GCM under keys that derive from the version, which a keyring record names. */
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import type { LogCipher } from '../cipher.ts';

/** A cipher whose keyring records are one byte: the newest version. `rewrap` marks a value's first byte with it when `rewraps`. */
export interface TestCipher extends LogCipher {
  version(): number;
}

function keyOf(version: number): Buffer {
  return createHash('sha256').update(`test log key ${version}`).digest();
}

function mac(bytes: Uint8Array): Buffer {
  return createHmac('sha256', keyOf(0)).update(bytes).digest();
}

/** Makes a test cipher at version 1. With `rewraps`, values whose first byte is not the newest version are re-wrapped to it. */
export function testCipher(options: { readonly rewraps?: boolean; readonly oldest?: number } = {}): TestCipher {
  let newest = 1;
  const keys = new Map<number, Buffer>();
  const key = (version: number): Buffer => {
    if (version < (options.oldest ?? 1) || version > newest) throw new Error('the bytes do not open');
    const known = keys.get(version) ?? keyOf(version);
    keys.set(version, known);
    return known;
  };
  return {
    version: () => newest,
    keyring(record) {
      newest = record[0] ?? 1;
    },
    seal(plaintext, aad) {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key(newest), iv, { authTagLength: 16 });
      cipher.setAAD(aad);
      return Buffer.concat([Buffer.of(newest), iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, aad) {
      try {
        const decipher = createDecipheriv('aes-256-gcm', key(sealed[0] ?? 0), sealed.subarray(1, 13), { authTagLength: 16 });
        decipher.setAAD(aad);
        decipher.setAuthTag(sealed.subarray(-16));
        return Buffer.concat([decipher.update(sealed.subarray(13, -16)), decipher.final()]);
      } catch {
        throw new Error('the bytes do not open');
      }
    },
    mac,
    isMac: (bytes, given) => mac(bytes).equals(given),
    rewrap(_key, value) {
      if (options.rewraps !== true || value.byteLength === 0 || value[0] === newest) return undefined;
      const current = Uint8Array.from(value);
      current[0] = newest;
      return current;
    },
  };
}
