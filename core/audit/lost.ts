/**
 * Finds what a power cut took out of the middle of a sink's last lines. What is not synced the kernel writes in any order: an earlier page
 * may be zeros while a later line is whole. Behind the last line that a checkpoint says to be on disk, that is nobody's fault, and the
 * next run marks it (`lost` in checkpoint.ts); before it, and where bytes other than zeros stand, it is damage that nothing explains.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { AuditSink } from '@strongroom/sdk-plugin';
import { ChainWalk } from './chain-walk.ts';
import { chainStart, lineHash, readChained, type ChainedLine } from './chain.ts';
import type { Gap } from './checkpoint.ts';

/** The end of a sink's log. */
export interface Tail {
  /** Up to this line the log is on disk, as its last checkpoint says; 0 when none says it. */
  readonly synced: number;
  /** The gaps behind that, oldest first. Empty when something is wrong there that no power cut explains: a marker must not cover it up. */
  readonly gaps: readonly Gap[];
}

/** What the walk needs of a line; of most not their members, since there may be many. */
type TailLine = { readonly read: ChainedLine; readonly hash: string } | { readonly read: undefined; readonly zeros: boolean };

/** Reads a sink's last lines, back to the one that is surely on disk. @param signingKey the server's, when it signs */
export async function readTail(sink: AuditSink, signingKey: KeyObject | undefined): Promise<Tail> {
  const newestFirst: TailLine[] = [];
  let synced: number | undefined;
  await sink.lastLine((line) => {
    const read = readChained(line);
    if (read === undefined) {
      newestFirst.push({ read, zeros: line.includes('\0') });
      return false;
    }
    const stated = read.type === 'checkpoint' ? read.members['synced'] : undefined;
    if (typeof stated === 'number') synced ??= stated;
    const needed = read.type === 'start' || read.type === 'recovered' ? read : { ...read, members: {} };
    newestFirst.push({ read: needed, hash: lineHash(line) });
    return synced !== undefined && read.seq <= synced;
  });
  const from = synced ?? 0;
  return { synced: from, gaps: gapsIn(newestFirst.toReversed(), from, signingKey && createPublicKey(signingKey)) };
}

function gapsIn(lines: readonly TailLine[], synced: number, key: KeyObject | undefined): readonly Gap[] {
  const walk = new ChainWalk(key);
  const gaps: Gap[] = [];
  let gapBeforeLast = false;
  for (const line of lines) {
    if (line.read === undefined) {
      walk.unreadable(line.zeros);
      continue;
    }
    const step = walk.line(line.read, line.hash);
    if (step.kind === 'wrong') return [];
    if (step.kind === 'follows-torn' && gapBeforeLast) gaps.pop();
    gapBeforeLast = step.kind === 'gap';
    if (step.kind === 'gap') {
      if (step.gap.from <= synced) return [];
      gaps.push({ ...step.gap, anchor: step.gap.anchor ?? chainStart });
    }
  }
  return gaps;
}
