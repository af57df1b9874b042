/**
 * Password hashes: argon2id in PHC form.
 *
 *   $argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<hash>      both in base64 without padding
 *
 * @source RFC 9106; the PHC string format; parameters of OWASP's password storage cheat sheet
 */
import { argon2Sync, timingSafeEqual } from 'node:crypto';
import { pooledRandom } from './random-pool.ts';

/** What a hash costs. */
export interface Argon2Cost {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

/** What new hashes cost: OWASP's second choice, 19 MiB and two passes (some 40 ms of one core). */
export const passwordCost: Argon2Cost = { memoryKiB: 19_456, passes: 2, lanes: 1 };
const saltBytes = 16;
const hashBytes = 32;
/** Costs that a stored hash may ask for: a plugin brings the text, so it must not name its own price. */
const costMax: Argon2Cost = { memoryKiB: 262_144, passes: 16, lanes: 16 };

const phc = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

function derive(password: string, salt: Uint8Array, cost: Argon2Cost, bytes: number): Buffer {
  return argon2Sync('argon2id', {
    message: password,
    nonce: salt,
    parallelism: cost.lanes,
    tagLength: bytes,
    memory: cost.memoryKiB,
    passes: cost.passes,
  });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}

/** A salted hash, for storage. Blocks the thread that runs it. */
export function hashPassword(password: string, cost: Argon2Cost = passwordCost): string {
  const salt = pooledRandom(saltBytes);
  const hash = base64(derive(password, salt, cost, hashBytes));
  return `$argon2id$v=19$m=${cost.memoryKiB},t=${cost.passes},p=${cost.lanes}$${base64(salt)}$${hash}`;
}

interface ParsedHash {
  readonly cost: Argon2Cost;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

function parseHash(text: string): ParsedHash | undefined {
  const found = phc.exec(text);
  if (found === null) return undefined;
  const [, memory, passes, lanes, salt = '', hash = ''] = found;
  const cost = { memoryKiB: Number(memory), passes: Number(passes), lanes: Number(lanes) };
  if (cost.passes < 1 || cost.lanes < 1 || cost.memoryKiB < 8 * cost.lanes) return undefined;
  if (cost.memoryKiB > costMax.memoryKiB || cost.passes > costMax.passes || cost.lanes > costMax.lanes) return undefined;
  return { cost, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
}

/**
 * Whether a hash was made of the password; `malformed` when it is no such hash, or one that costs too much. Without one the work is that
 * of a new hash, and the answer is false. Blocks the thread that runs it.
 */
export function verifyPassword(password: string, text: string | undefined): boolean | 'malformed' {
  if (text === undefined) {
    derive(password, Buffer.alloc(saltBytes), passwordCost, hashBytes);
    return false;
  }
  const parsed = parseHash(text);
  if (parsed === undefined) return 'malformed';
  const hash = derive(password, parsed.salt, parsed.cost, parsed.hash.length);
  return timingSafeEqual(hash, parsed.hash);
}
