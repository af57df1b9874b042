/** The mount of `auth/token/`: the host's own, in no table, and tuned like others (`core/token-mount`). */
import type { Transaction } from '../barrier/transaction.ts';
import { defaultMountConfig, type Mount } from './mount-table.ts';

/** Its path. */
export const tokenMountPath = 'auth/token/';

const key = 'core/token-mount';

const untuned: Mount = {
  id: 'token',
  path: tokenMountPath,
  class: 'auth',
  type: 'token',
  plugin: 'token',
  accessor: 'auth_token_00000000',
  description: 'token based credentials',
  options: null,
  config: defaultMountConfig,
  pluginVersion: '',
  isolation: 'thread',
};

function parse(value: Uint8Array): Mount {
  // Written only here.
  return { ...untuned, ...(JSON.parse(Buffer.from(value).toString()) as Pick<Mount, 'config' | 'description'>) };
}

/** Reads it inside a transaction. */
export async function readTokenMount(tx: Transaction): Promise<Mount> {
  const loaded = tx.derived(key, parse);
  return (loaded instanceof Promise ? await loaded : loaded) ?? untuned;
}

/** Writes what can be tuned of it. */
export function writeTokenMount(tx: Transaction, { config, description }: Mount): void {
  tx.put(key, Buffer.from(JSON.stringify({ config, description })));
}
