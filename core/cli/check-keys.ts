/** Opens the keys of a stopped server's directory, so that a check reaches every name and value. */
import { Barrier } from '../barrier/barrier.ts';
import type { BootFile } from '../barrier/boot-file.ts';
import { KeySeal, type Seal } from '../barrier/seal.ts';
import { openStaticSeal } from '../barrier/static-seal.ts';
import { commits } from '../crypto/commitment.ts';
import { UnsealProgress } from '../system/unseal-progress.ts';
import { UsageError } from './terminal.ts';

/** Where the keys come from: the file or variable of a static seal, or Shamir's shares. */
export type KeySource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'shares'; readonly shares: readonly string[] };

/**
 * Unwraps the root key.
 * @throws UsageError when the server has no seal of this kind, or shares are lacking; StrongroomError for keys that don't fit
 */
export async function openKeys(boot: BootFile, source: KeySource, environment: NodeJS.ProcessEnv): Promise<Barrier> {
  const type = source.kind === 'shares' ? 'shamir' : 'static';
  const wrapped = boot.rootKeys.find(({ seal }) => seal === type);
  if (!wrapped) throw new UsageError(`The root key of this server is not wrapped by a ${type} seal`);
  const seal = sealOf(boot, source, wrapped.id, environment);
  const rootKey = await seal.unwrap(Buffer.from(wrapped.blob, 'base64'), boot.clusterId);
  if (!commits(rootKey, Buffer.from(boot.rootKeyCommitment, 'base64'))) throw new Error('the root key differs from its commitment');
  return new Barrier(rootKey, boot.clusterId);
}

function sealOf(boot: BootFile, source: KeySource, id: string, environment: NodeJS.ProcessEnv): Seal {
  if (source.kind === 'shares') return new KeySeal('shamir', id, joinShares(boot, source.shares));
  return openStaticSeal(source.kind === 'file' ? { file: source.path, create: false } : { environment: source.name }, id, environment);
}

function joinShares(boot: BootFile, shares: readonly string[]): Buffer {
  const progress = new UnsealProgress();
  if (boot.shamir) {
    for (const share of shares) {
      const key = progress.add(share, boot.shamir);
      if (key) return key;
    }
  }
  throw new UsageError(`Expected ${boot.shamir?.threshold ?? 0} different shares on standard input, one a line`);
}
