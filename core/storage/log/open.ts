/**
 * Opens a directory:
 *
 *   lock -> manifest -> frames of the tail (each keyring record before what it opens) -> authenticate -> page table -> replay -> repair
 *
 * Nothing on the disk changes before everything was read and found good.
 */
import { randomBytes } from 'node:crypto';
import { StrongroomError } from '../../errors.ts';
import type { LogCipher } from '../cipher.ts';
import { SlotTable } from '../slots.ts';
import { Ballast } from './ballast.ts';
import { Compactor, type CompactorOptions } from './compaction.ts';
import type { LogContext } from './context.ts';
import type { Disk } from './disk.ts';
import { GroupWriter } from './group-writer.ts';
import { type LogStorage, WriteAheadLog } from './log-storage.ts';
import { initialize, load, repair } from './load.ts';

/** Options of a log; each has a default. */
export interface LogOptions extends Partial<CompactorOptions> {
  /** Bytes held back for a full disk: 8 MiB. */
  readonly ballastBytes?: number;
  /** Index pages without changes that may stay in memory: 4096, about 100 MB. */
  readonly cleanPagesMax?: number;
  /**
   * Called exactly once when the disk failed in a way after which nothing may be believed. The host ends the process: the store
   * never answers again.
   */
  readonly onFatal?: (error: unknown) => void;
}

/** What a log is opened with. */
export interface OpenLog {
  readonly directory: string;
  readonly disk: Disk;
  readonly cipher: LogCipher;
  /** A keyring record for the manifest of a new directory; later ones come with commits. */
  readonly keyring?: Uint8Array;
  readonly random?: (bytes: number) => Buffer;
  /** Milliseconds that only rise; for the ballast's retries. */
  readonly now?: () => number;
  readonly options?: LogOptions;
  /** The directory comes from a backup: a new lineage begins, in which revisions go on after this one. */
  readonly restoredAfter?: number;
}

const defaults = {
  ballastBytes: 8_388_608,
  cleanPagesMax: 4096,
  compactAtBytes: 67_108_864,
  baseFileBytesMax: 536_870_912,
  rewrapBytesPerPass: 268_435_456,
  // A timer, not setImmediate: requests get whole turns of the loop in between, and about half of the core.
  pause: () => new Promise<void>((resolve) => setTimeout(resolve, 1)),
  onCompactionError: () => undefined,
  onFatal: () => undefined,
};

/**
 * Opens the log in a directory, or begins one in an empty directory.
 * @throws StrongroomError `unavailable` when another process holds it, `internal` (with file and offset) when it is damaged
 */
export async function openLog(parameters: OpenLog): Promise<LogStorage> {
  const { directory, disk, cipher, random = randomBytes, now = () => performance.now() } = parameters;
  const options = { ...defaults, ...parameters.options };
  disk.mkdir(directory);
  const lock = disk.lock(directory);
  let context: LogContext | undefined;
  try {
    await initialize(disk, directory, cipher, parameters.keyring, random);
    const loaded = load(disk, directory, cipher, options.cleanPagesMax);
    context = loaded.context;
    await repair(loaded);
    if (parameters.restoredAfter !== undefined) beginLineage(context, random(16));
    const ballast = new Ballast(disk, directory, options.ballastBytes, now);
    await ballast.hold();
    await disk.fsyncDirectory(directory);
    const slots = new SlotTable(random(4).readInt32LE());
    const newest = Math.max(loaded.end.chain.revision, parameters.restoredAfter ?? 0);
    slots.fill(newest);
    const log = new WriteAheadLog({
      context: loaded.context,
      slots,
      ballast,
      head: newest,
      onFatal: options.onFatal,
      release: () => lock.release(),
      makeWriter: (events) => new GroupWriter(cipher, loaded.context.lineage, ballast, events, loaded.position, loaded.keyring),
      makeCompactor: (writer, head, rollbacks) => new Compactor(loaded.context, writer, head, rollbacks, options),
    });
    // Nothing is written before all that is kept of the tail lies in the new lineage.
    if (parameters.restoredAfter !== undefined) await log.compact();
    return log;
  } catch (error) {
    context?.files.closeAll();
    lock.release();
    if (error instanceof StrongroomError) throw error;
    throw new StrongroomError('internal', `the storage directory ${directory} cannot be opened`, { cause: error });
  }
}

/** Frames of the time before the restore that were not in the backup can't be put behind it any more. */
function beginLineage(context: LogContext, lineage: Buffer): void {
  for (const [id, base] of context.bases) context.bases.set(id, { ...base, lineage: base.lineage ?? context.lineage });
  context.lineage = lineage;
}
