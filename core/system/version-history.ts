/** Which versions of the server have opened a storage, and when (`core/versions/<version>`). */
import type { Json } from '@strongroom/sdk-plugin';
import type { Transaction } from '../barrier/transaction.ts';
import type { HostReply } from '../request/host-route.ts';
import { rfc3339 } from '../request/time-text.ts';

const directory = 'core/versions/';

interface Installed {
  readonly at: number;
  readonly previous: string | null;
}

async function readAll(tx: Transaction): Promise<readonly (readonly [version: string, installed: Installed])[]> {
  const found: (readonly [string, Installed])[] = [];
  for (const version of await tx.list(directory)) {
    const stored = await tx.get(directory + version);
    // Written by this file.
    if (stored !== undefined) found.push([version, JSON.parse(Buffer.from(stored).toString()) as Installed]);
  }
  return found.toSorted(([, one], [, other]) => one.at - other.at);
}

/** Notes that a version has opened the storage, the first time that it does. */
export async function noteVersion(tx: Transaction, version: string, now: number): Promise<void> {
  const all = await readAll(tx);
  if (all.some(([one]) => one === version)) return;
  const installed: Installed = { at: now, previous: all.at(-1)?.[0] ?? null };
  tx.put(directory + version, Buffer.from(JSON.stringify(installed)));
}

/** What a LIST of the history answers. */
export async function versionHistory(tx: Transaction): Promise<HostReply> {
  const all = await readAll(tx);
  const info = all.map(([version, { at, previous }]): [string, Json] => [
    version,
    { build_date: '', previous_version: previous, timestamp_installed: rfc3339(at) },
  ]);
  return { data: { keys: all.map(([version]) => version), key_info: Object.fromEntries(info) } };
}
