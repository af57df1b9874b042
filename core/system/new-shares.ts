/** A new unseal key and its shares, in clear or each sealed to its holder. */
import { hash } from 'node:crypto';
import { freshKey } from '../barrier/root-key.ts';
import type { ShareSet } from '../barrier/boot-file.ts';
import { commitment } from '../crypto/commitment.ts';
import { holderKeyBytes, isHolderKey, sealShare } from '../crypto/sealed-share.ts';
import { split } from '../crypto/shamir.ts';
import { StrongroomError } from '../errors.ts';

/** Most holders that an unseal key is split among. */
export const sharesMax = 16;

/** For how many holders an unseal key is wanted, and how many of them it takes. */
export interface ShareWish {
  readonly shares: number;
  readonly threshold: number;
  /** X25519 public keys of the holders, one for each share: each share is sealed to its holder. */
  readonly publicKeys?: readonly Buffer[];
}

/** A new unseal key. */
export interface NewShares {
  /** The key; the caller fills it with zeros. */
  readonly key: Buffer;
  readonly set: ShareSet;
  /** What is handed out, once: the shares (the one key when there is one holder), sealed where the holders gave keys. */
  readonly handed: readonly Buffer[];
}

/** Refuses what Vault refuses. @throws StrongroomError `invalid` */
export function checkShares({ shares, threshold }: ShareWish): void {
  if (shares < 1 || shares > sharesMax) throw new StrongroomError('invalid', `field secret_shares: must be from 1 to ${sharesMax}`);
  if (threshold < 1 || threshold > shares) throw new StrongroomError('invalid', 'field secret_threshold: must be from 1 to secret_shares');
  if (shares > 1 && threshold === 1)
    throw new StrongroomError('invalid', 'field secret_threshold: must be greater than one for multiple shares');
}

/** Reads the field `share_public_keys`: base64, one key for each share. @throws StrongroomError `invalid` naming the key */
export function readPublicKeys(texts: readonly string[] | undefined, shares: number): readonly Buffer[] | undefined {
  if (texts === undefined || texts.length === 0) return undefined;
  if (texts.length !== shares) throw new StrongroomError('invalid', 'field share_public_keys: must hold one key for each share');
  if (new Set(texts).size !== texts.length)
    throw new StrongroomError('invalid', 'field share_public_keys: every holder needs a key of their own');
  return texts.map((text, index) => {
    const key = Buffer.from(text, 'base64');
    if (key.length !== holderKeyBytes || !isHolderKey(key))
      throw new StrongroomError('invalid', `field share_public_keys: key ${index + 1} must be an X25519 public key of 32 bytes in base64`);
    return key;
  });
}

/** Makes a key and its shares. @throws StrongroomError `invalid` for a wish that can't be */
export function makeShares(wish: ShareWish): NewShares {
  checkShares(wish);
  const { shares, threshold, publicKeys } = wish;
  const key = freshKey();
  const inClear = shares === 1 ? [Buffer.from(key)] : split(key, shares, threshold);
  const set = { shares, threshold, keyCommitment: commitment(key).toString('base64') };
  if (publicKeys === undefined) return { key, set, handed: inClear };
  const handed = inClear.map((share, index) => sealShare(share, publicKeys[index]!));
  for (const share of inClear) share.fill(0);
  return { key, set, handed };
}

/** Names a holder's key: the first 20 bytes of its SHA-256, in hexadecimal. */
export function fingerprint(publicKey: Uint8Array): string {
  return hash('sha256', publicKey).slice(0, 40);
}

/** The answer's fields for shares. */
export function shareFields(handed: readonly Buffer[]): { readonly keys: readonly string[]; readonly keys_base64: readonly string[] } {
  return { keys: handed.map((share) => share.toString('hex')), keys_base64: handed.map((share) => share.toString('base64')) };
}

/** Refuses the fields that only PGP could serve. @throws StrongroomError `invalid` naming the field */
export function refusePgp(fields: Readonly<Record<string, string | readonly string[] | undefined>>): void {
  for (const [name, value] of Object.entries(fields)) {
    if ((value?.length ?? 0) > 0)
      throw new StrongroomError('invalid', `field ${name}: PGP is not supported; share_public_keys seals each share to its holder`);
  }
}
