/** The figures of an open log. */
import type { Revision } from '../types.ts';
import type { LogContext } from './context.ts';
import type { GroupWriter } from './group-writer.ts';

/** Figures for metrics. */
export interface LogStats {
  readonly keys: number;
  readonly head: Revision;
  readonly durableRevision: Revision;
  /** Bytes of values that are current. */
  readonly liveBytes: number;
  /** Bytes of log and base files. */
  readonly diskBytes: number;
  /** Bytes that a restart would replay. */
  readonly tailBytes: number;
  readonly files: number;
  /** Frames written or replayed since opening. */
  readonly frames: number;
  readonly lastSyncMs: number;
  /** Whether only urgent commits are admitted. */
  readonly full: boolean;
  /** Compactions published since opening. */
  readonly compactions: number;
  /** The re-wrap job that is not complete, running or not; `compact` with it goes on. */
  readonly rewrapJob: number | undefined;
}

/** Takes the figures: a stat of each open file, and sums. */
export function gatherStats<Undo>(
  { index, files, rewrap }: LogContext,
  { position, lastSyncMs }: GroupWriter<Undo>,
  known: Pick<LogStats, 'head' | 'full' | 'compactions'>,
): LogStats {
  let liveBytes = 0;
  for (const bytes of index.liveBytes.values()) liveBytes += bytes;
  const bytesOf = { log: 0, base: 0 };
  const all = files.all();
  for (const { kind, file } of all) bytesOf[kind] += file.size();
  return {
    ...known,
    keys: index.keys,
    durableRevision: position.chain.revision,
    liveBytes,
    diskBytes: bytesOf.log + bytesOf.base,
    tailBytes: bytesOf.log,
    files: all.length,
    frames: position.frames,
    lastSyncMs,
    rewrapJob: rewrap?.job,
  };
}
