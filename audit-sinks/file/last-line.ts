/** Finds the last complete line of a log. */
import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { createZstdDecompress } from 'node:zlib';

const chunkBytes = 65_536;

/** The end of a file. */
export interface Ending {
  /** The last line that is ended by a newline, without it. */
  readonly lastLine: string | undefined;
  /** Something stands behind the last newline. */
  readonly torn: boolean;
}

/** Reads the end of an open file, backwards. */
export async function readEnding(handle: FileHandle): Promise<Ending> {
  const { size } = await handle.stat();
  const chunks: Buffer[] = [];
  let newline: number | undefined;
  let from = size;
  // Backwards until the newline before the last one.
  while (from > 0) {
    const start = Math.max(0, from - chunkBytes);
    const chunk = Buffer.alloc(from - start);
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, start);
    if (bytesRead !== chunk.length) throw new Error('the audit log shrank while it was read');
    chunks.unshift(chunk);
    const before = newline === undefined ? chunk.lastIndexOf(0x0a) : -1;
    if (before >= 0) newline = start + before;
    const searchTo = newline === undefined ? -1 : newline - 1 - start;
    const begin = searchTo < 0 ? -1 : chunk.lastIndexOf(0x0a, Math.min(searchTo, chunk.length - 1));
    from = start;
    if (begin >= 0) return { lastLine: lineBetween(chunks, start, start + begin + 1, newline), torn: newline !== size - 1 };
  }
  if (newline === undefined) return { lastLine: undefined, torn: size > 0 };
  return { lastLine: lineBetween(chunks, 0, 0, newline), torn: newline !== size - 1 };
}

function lineBetween(chunks: readonly Buffer[], base: number, from: number, to: number | undefined): string {
  return Buffer.concat(chunks)
    .subarray(from - base, (to ?? from) - base)
    .toString('utf8');
}

/** Reads the last complete line of a compressed file, forwards. */
export async function lastLineCompressed(path: string): Promise<string | undefined> {
  const file = createReadStream(path);
  const stream = file.pipe(createZstdDecompress());
  file.on('error', (error) => stream.destroy(error));
  let last: Buffer | undefined;
  let rest: Buffer[] = [];
  for await (const piece of stream) {
    const chunk: Buffer = piece;
    const end = chunk.lastIndexOf(0x0a);
    if (end < 0) {
      rest.push(chunk);
      continue;
    }
    const complete = Buffer.concat([...rest, chunk.subarray(0, end)]);
    last = complete.subarray(complete.lastIndexOf(0x0a) + 1);
    rest = [chunk.subarray(end + 1)];
  }
  return last?.toString('utf8');
}
