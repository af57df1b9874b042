/** What a call of an engine leaves in the transaction, besides its answer. */
import type { ReplyMessage } from '@strongroom/sdk-plugin/serving';
import type { Transaction } from '../barrier/transaction.ts';
import type { Mount } from '../mounts/mount-table.ts';
import { applyWrites } from '../runner/engine-call.ts';
import { applyRotations } from './rotation-store.ts';

/** Takes over its writes, and what it has the host rotate. @throws StrongroomError `internal` for what no engine may write or ask */
export async function applyReply(tx: Transaction, mount: Mount, message: ReplyMessage, now: number): Promise<void> {
  applyWrites(tx, mount, message);
  if (message.rotations !== undefined) await applyRotations(tx, mount.id, message, now);
}
