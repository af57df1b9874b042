/** Opens the keys of a stopped server's directory, so that a check reaches every name and value. */
import { Barrier } from '../barrier/barrier.ts';
import type { BootFile } from '../barrier/boot-file.ts';
import { openPrevious, unwrapRoot } from '../barrier/root-key.ts';
import { KeySeal, type Seal } from '../barrier/seal.ts';
import { openStaticSeal } from '../barrier/static-seal.ts';
import { CollectedShares } from '../system/collected-shares.ts';
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
  const rootKey = await unwrapRoot(boot, seal, boot.clusterId);
  if (!rootKey) throw new UsageError(`The root key of this server is not wrapped by the ${type} seal ${wrapped.id}`);
  return new Barrier(rootKey, boot.clusterId, undefined, openPrevious(boot, rootKey, boot.clusterId));
}

function sealOf(boot: BootFile, source: KeySource, id: string, environment: NodeJS.ProcessEnv): Seal {
  if (source.kind === 'shares') return new KeySeal('shamir', id, joinShares(boot, source.shares));
  return openStaticSeal(source.kind === 'file' ? { file: source.path, create: false } : { environment: source.name }, id, environment);
}

function joinShares(boot: BootFile, shares: readonly string[]): Buffer {
  const collected = new CollectedShares();
  if (boot.shamir) {
    for (const share of shares) {
      const joined = collected.add(share, [boot.shamir]);
      if (joined) return joined.key;
    }
  }
  throw new UsageError(`Expected ${boot.shamir?.threshold ?? 0} different shares on standard input, one a line`);
}
