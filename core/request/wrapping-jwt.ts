/**
 * Wrapping tokens as JSON Web Tokens, for those who want to see where an answer comes from before they unwrap it. Signed by ES512 with a key
 * of the server's own; `jti` is the wrapping token itself. The public key is at `sys/wrapping/pubkey`.
 *
 * @source RFC 7515, RFC 7518 section 3.4, RFC 7519
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { inTransaction } from '../barrier/in-transaction.ts';
import type { Vault } from '../barrier/transaction.ts';

const storageKey = 'core/secret/wrapping-key';
const header = Buffer.from(JSON.stringify({ alg: 'ES512', typ: 'JWT' })).toString('base64url');
/** How long before now a token is said to be good for, in seconds. */
const skewSeconds = 5;

/** What such a token says. Moments in seconds since 1970. */
interface Claims {
  readonly jti: string;
  readonly accessor: string;
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly type: 'wrapping';
  readonly addr: '';
}

/** The numbers of the public key's point, in decimal, as Vault answers them. */
export interface PublicPoint {
  readonly x: string;
  readonly y: string;
}

/** Signs and reads wrapping tokens. */
export class WrappingJwt {
  readonly #private: KeyObject;
  readonly #public: KeyObject;

  /** @param key of the curve P-521 */
  constructor(key: KeyObject) {
    this.#private = key;
    this.#public = createPublicKey(key);
  }

  /** Signs. @param issuedAt milliseconds since 1970  @param ttl seconds */
  sign(token: string, accessor: string, issuedAt: number, ttl: number): string {
    const iat = Math.floor(issuedAt / 1000);
    const claims: Claims = { jti: token, accessor, iat, nbf: iat - skewSeconds, exp: iat + ttl, type: 'wrapping', addr: '' };
    const signed = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
    const signature = sign('sha512', Buffer.from(signed), { key: this.#private, dsaEncoding: 'ieee-p1363' });
    return `${signed}.${signature.toString('base64url')}`;
  }

  /** The wrapping token in one of ours; any other text as it is, which is then a token like any other. Its end is that of the stored token. */
  tokenIn(text: string): string {
    const parts = text.split('.');
    // The whole header is compared, so no other algorithm, and no key of the sender's choice, is ever looked at.
    if (parts.length !== 3 || parts[0] !== header) return text;
    const signature = Buffer.from(parts[2]!, 'base64url');
    const key = { key: this.#public, dsaEncoding: 'ieee-p1363' } as const;
    if (!verify('sha512', Buffer.from(`${header}.${parts[1]!}`), key, signature)) return text;
    const claims = JSON.parse(Buffer.from(parts[1]!, 'base64url').toString()) as Claims;
    return claims.jti;
  }

  /** The public key. */
  point(): PublicPoint {
    const { x = '', y = '' } = this.#public.export({ format: 'jwk' });
    return { x: decimal(x), y: decimal(y) };
  }
}

function decimal(base64url: string): string {
  return BigInt(`0x${Buffer.from(base64url, 'base64url').toString('hex')}`).toString();
}

/** Reads the server's key; the first time, makes it. */
export async function readWrappingJwt(vault: Vault): Promise<WrappingJwt> {
  const der = await inTransaction(vault, async (tx) => {
    const stored = await tx.get(storageKey);
    if (stored !== undefined) return stored;
    const made = generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey.export({ type: 'pkcs8', format: 'der' });
    tx.put(storageKey, made);
    return made;
  });
  return new WrappingJwt(createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }));
}
