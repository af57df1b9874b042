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

/** A wrapping token that a JWT names. */
export interface ClaimedToken {
  readonly token: string;
  /** Verifies the signature, which takes a millisecond: whoever asks looks first whether there is such a token. */
  isOurs(): boolean;
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

  /** What a text says that has the form of ours: not to be believed before it is verified. Undefined for any other text. */
  claimed(text: string): ClaimedToken | undefined {
    const [first, second = '', third = '', ...more] = text.split('.');
    // The whole header is compared, so no other algorithm, and no key of the sender's choice, is ever looked at.
    if (first !== header || more.length > 0) return undefined;
    const token = jtiOf(second);
    const key = { key: this.#public, dsaEncoding: 'ieee-p1363' } as const;
    const isOurs = (): boolean => verify('sha512', Buffer.from(`${header}.${second}`), key, Buffer.from(third, 'base64url'));
    return token === undefined ? undefined : { token, isOurs };
  }

  /** The public key. */
  point(): PublicPoint {
    const { x = '', y = '' } = this.#public.export({ format: 'jwk' });
    return { x: decimal(x), y: decimal(y) };
  }
}

function jtiOf(claims: string): string | undefined {
  try {
    const { jti } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { readonly jti?: unknown };
    return typeof jti === 'string' ? jti : undefined;
  } catch {
    return undefined;
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
