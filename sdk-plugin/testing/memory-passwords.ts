/** Passwords in a test mount: argon2id as the host's, but of the least cost, and counted. */
import { argon2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Passwords } from '../engine.ts';
import type { Secret } from '../secret.ts';

function plain(password: string | Secret): string {
  return typeof password === 'string' ? password : password.reveal();
}

function derive(password: string, salt: Uint8Array): Buffer {
  return argon2Sync('argon2id', { message: password, nonce: salt, parallelism: 1, tagLength: 16, memory: 8, passes: 1 });
}

/** Hashes that a mount asked for. */
export class MemoryPasswords implements Passwords {
  /** How many passwords were hashed or verified: what they cost. */
  computed = 0;

  hash(given: string | Secret): Promise<string> {
    const password = plain(given);
    this.computed++;
    if (password === '') return Promise.reject(new Error('the host refuses to hash an empty password'));
    const salt = randomBytes(16);
    return Promise.resolve(`$argon2id$v=19$m=8,t=1,p=1$${salt.toString('base64')}$${derive(password, salt).toString('base64')}`);
  }

  verify(given: string | Secret, hash: string | undefined): Promise<boolean> {
    const password = plain(given);
    this.computed++;
    if (hash === undefined) return Promise.resolve(false);
    const [salt = '', expected = ''] = hash.split('$').slice(4);
    return Promise.resolve(timingSafeEqual(derive(password, Buffer.from(salt, 'base64')), Buffer.from(expected, 'base64')));
  }
}
