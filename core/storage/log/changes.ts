/** The log as a stream of commits: reads frames from the files, and waits at the end for the next sync. */
import { StrongroomError } from '../../errors.ts';
import type { Change, Revision } from '../types.ts';
import type { LogContext } from './context.ts';
import { damage, fileName, logHeaderBytes } from './format.ts';
import { frameCommits } from './frame.ts';
import type { WriterPosition } from './group-writer.ts';
import { readFrame } from './recovery.ts';

/** What the stream asks of the storage. */
export interface ChangeSource {
  /** End of what is on disk. */
  position(): WriterPosition;
  /** Whether nothing will come any more. */
  ended(): boolean;
  /** Resolves at the next sync, or when the storage ends. */
  woken(): Promise<void>;
}

/** Gives the commits after `from`. Throws `precondition` when compaction has passed it, be it while reading. */
export async function* followChanges(from: Revision, context: LogContext, source: ChangeSource): AsyncGenerator<Change> {
  if (from < context.tail.from.revision) throw new StrongroomError('precondition', 'the changes asked for are no longer kept');
  let file = context.tail.file;
  let offset = logHeaderBytes;
  for (;;) {
    const open = context.files.get(file);
    if (open === undefined && source.ended()) return;
    if (open === undefined) throw new StrongroomError('precondition', 'the changes asked for are no longer kept');
    const end = source.position();
    const last = file === end.file.id;
    if (offset >= (last ? end.offset : open.file.size())) {
      if (last && source.ended()) return;
      if (last) await source.woken();
      else {
        const later = context.files.all().filter(({ kind, id }) => kind === 'log' && id > file);
        file = Math.min(...later.map(({ id }) => id));
        offset = logHeaderBytes;
      }
      continue;
    }
    const frame = readFrame(open.file, { lineage: context.lineage, file, offset }, open.file.size());
    if (frame === undefined) throw damage(fileName('log', file), offset, 'the frame was changed after it was written');
    for (const { revision, writes } of frameCommits(context.cipher, frame.bytes, frame.header)) {
      if (revision <= from) continue;
      const start = offset;
      yield {
        revision,
        writes: writes.map(({ key, deleted, offset: at, length }) => ({
          key,
          value: deleted ? undefined : frame.bytes.subarray(at - start, at - start + length),
        })),
      };
    }
    offset += frame.header.length;
  }
}
