/** The root key as the boot file keeps it, and its replacement by another. */
import { randomBytes } from 'node:crypto';
import { decrypt, encrypt, keyBytes, nonceBytes } from '../crypto/aead.ts';
import { commitment, commits } from '../crypto/commitment.ts';
import { StrongroomError } from '../errors.ts';
import type { BootFile, GuardedRoot, ShareSet, WrappedRootKey } from './boot-file.ts';
import type { Seal } from './seal.ts';

/** Gives 32 random bytes in a buffer of their own, which can be wiped. */
export function freshKey(): Buffer {
  const key = Buffer.alloc(keyBytes);
  const random = randomBytes(keyBytes);
  random.copy(key);
  random.fill(0);
  return key;
}

/** Wraps a root key for the boot file. */
export async function guardRoot(rootKey: Uint8Array, clusterId: string, seals: readonly Seal[], shamir?: ShareSet): Promise<GuardedRoot> {
  const rootKeys: WrappedRootKey[] = [];
  for (const seal of seals)
    rootKeys.push({ seal: seal.type, id: seal.id, blob: Buffer.from(await seal.wrap(rootKey, clusterId)).toString('base64') });
  return { rootKeyCommitment: commitment(rootKey).toString('base64'), rootKeys, ...(shamir === undefined ? {} : { shamir }) };
}

/** Notes the root key that another replaces: nonce (12), ciphertext, tag (16). */
export function withPrevious(root: GuardedRoot, rootKey: Uint8Array, previous: Uint8Array, clusterId: string): GuardedRoot {
  const nonce = randomBytes(nonceBytes);
  const sealed = Buffer.concat([nonce, encrypt(rootKey, nonce, previousBinding(clusterId), previous)]);
  return { ...root, previousRootKey: sealed.toString('base64') };
}

/** Opens the root key that this one has replaced; undefined when there is none. @throws StrongroomError `internal` when it does not open */
export function openPrevious({ previousRootKey }: GuardedRoot, rootKey: Uint8Array, clusterId: string): Buffer | undefined {
  if (previousRootKey === undefined) return undefined;
  const sealed = Buffer.from(previousRootKey, 'base64');
  return decrypt(rootKey, sealed.subarray(0, nonceBytes), previousBinding(clusterId), sealed.subarray(nonceBytes));
}

/** Unwraps a root key by a seal; undefined when the seal does not guard it. @throws StrongroomError `internal` when the blob is not this seal's */
export async function unwrapRoot(root: GuardedRoot, seal: Seal, clusterId: string): Promise<Buffer | undefined> {
  const wrapped = root.rootKeys.find(({ seal: type, id }) => type === seal.type && id === seal.id);
  if (wrapped === undefined) return undefined;
  const rootKey = await seal.unwrap(Buffer.from(wrapped.blob, 'base64'), clusterId);
  if (!commits(rootKey, Buffer.from(root.rootKeyCommitment, 'base64')))
    throw new StrongroomError('internal', 'the root key differs from its commitment');
  return rootKey;
}

/** The boot file with another root in force, and nothing offered. */
export function withRoot(
  { offered: _offered, ...boot }: BootFile,
  { rootKeyCommitment, rootKeys, shamir, previousRootKey }: GuardedRoot,
): BootFile {
  const { shamir: _shamir, previousRootKey: _previous, ...kept } = boot;
  return {
    ...kept,
    rootKeyCommitment,
    rootKeys,
    ...(shamir === undefined ? {} : { shamir }),
    ...(previousRootKey === undefined ? {} : { previousRootKey }),
  };
}

function previousBinding(clusterId: string): Buffer {
  return Buffer.from(`previous root key\0${clusterId}`);
}
