/** Reads a stream of chunks by exact amounts. Holds no more than one chunk. */
import { StrongroomError } from '../../errors.ts';

/** A reader over chunks of any size. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next `bytes`, at once. For what is small. @throws StrongroomError `invalid` when the stream ends before */
  async take(bytes: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of this.pass(bytes)) parts.push(part);
    return Buffer.concat(parts, bytes);
  }

  /** The next `bytes`, in parts. @throws StrongroomError `invalid` when the stream ends before */
  async *pass(bytes: number): AsyncGenerator<Uint8Array> {
    for (let rest = bytes; rest > 0;) {
      if (this.#chunk.length === 0 && !(await this.#next())) throw new StrongroomError('invalid', 'the backup is cut short');
      const part = this.#chunk.subarray(0, rest);
      this.#chunk = this.#chunk.subarray(part.length);
      rest -= part.length;
      yield part;
    }
  }

  /** Reads to the end; true when nothing but zeros was left. */
  async onlyZerosLeft(): Promise<boolean> {
    do if (this.#chunk.some((byte) => byte !== 0)) return false;
    while (await this.#next());
    return true;
  }

  async #next(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    this.#chunk = done === true ? new Uint8Array(0) : value;
    return done !== true;
  }
}
