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

/** Tells whether a line is one that is looked for. */
export type Accept = (line: string) => boolean;

/** Reads the end of an open file, backwards until a line is accepted. */
export async function readEnding(handle: FileHandle, accept: Accept = () => true): Promise<Ending> {
  const { size } = await handle.stat();
  let torn = false;
  // The pieces of the line that is being put together; the one behind the last newline is no line.
  let pieces: Buffer[] = [];
  let behindNewline = true;
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - chunkBytes);
    const chunk = Buffer.alloc(end - start);
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, start);
    if (bytesRead !== chunk.length) throw new Error('the audit log shrank while it was read');
    if (end === size) torn = chunk.at(-1) !== 0x0a;
    let to = chunk.length;
    for (let newline = lastNewline(chunk, to); newline >= 0; newline = lastNewline(chunk, to)) {
      pieces.unshift(chunk.subarray(newline + 1, to));
      const line = Buffer.concat(pieces).toString('utf8');
      if (!behindNewline && accept(line)) return { lastLine: line, torn };
      behindNewline = false;
      pieces = [];
      to = newline;
    }
    pieces.unshift(chunk.subarray(0, to));
    end = start;
  }
  const first = Buffer.concat(pieces).toString('utf8');
  return { lastLine: !behindNewline && accept(first) ? first : undefined, torn };
}

function lastNewline(chunk: Buffer, to: number): number {
  return to === 0 ? -1 : chunk.lastIndexOf(0x0a, to - 1);
}

/** Lines at the end of a compressed file that are offered to `accept`. */
const compressedLinesMax = 64;

/** Reads the last accepted line of a compressed file, forwards. */
export async function lastLineCompressed(path: string, accept: Accept = () => true): Promise<string | undefined> {
  const file = createReadStream(path);
  const stream = file.pipe(createZstdDecompress());
  file.on('error', (error) => stream.destroy(error));
  let recent: Buffer[] = [];
  let rest: Buffer[] = [];
  for await (const piece of stream) {
    const chunk: Buffer = piece;
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
      recent.push(Buffer.concat([...rest, chunk.subarray(from, end)]));
      rest = [];
      from = end + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
    recent = recent.slice(-compressedLinesMax);
  }
  return recent.map((line) => line.toString('utf8')).findLast(accept);
}
