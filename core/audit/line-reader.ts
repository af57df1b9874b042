/** Streams the lines of audit files, as bytes, from plain and zstd-compressed files. */
import { createReadStream } from 'node:fs';
import { createZstdDecompress } from 'node:zlib';
import type { Readable } from 'node:stream';

/** Bytes of a line; a longer one is given in pieces of this size, which no verification will take for lines. */
export const lineBytesMax = 268_435_456;

/** A line without its newline. */
export interface FileLine {
  readonly bytes: Buffer;
  /** From 1. */
  readonly number: number;
  /** Ended by a newline: the last line of a file may not be. */
  readonly complete: boolean;
}

/** Gives the lines of a file in order, in constant memory. Files that end in `.zst` are decompressed. Rejects when the file cannot be read. */
export async function* fileLines(path: string): AsyncGenerator<FileLine> {
  const file = createReadStream(path, { highWaterMark: 262_144 });
  const stream: Readable = path.endsWith('.zst') ? file.on('error', (error) => stream.destroy(error)).pipe(createZstdDecompress()) : file;
  let parts: Buffer[] = [];
  let held = 0;
  let number = 0;
  for await (const chunk of stream) {
    const bytes: Buffer = chunk;
    let from = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, from)) {
      parts.push(bytes.subarray(from, end));
      yield { bytes: parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts), number: ++number, complete: true };
      parts = [];
      held = 0;
      from = end + 1;
    }
    if (from < bytes.length) {
      parts.push(bytes.subarray(from));
      held += bytes.length - from;
    }
    if (held > lineBytesMax) {
      yield { bytes: Buffer.concat(parts), number: ++number, complete: false };
      parts = [];
      held = 0;
    }
  }
  if (parts.length > 0) yield { bytes: Buffer.concat(parts), number: ++number, complete: false };
}
