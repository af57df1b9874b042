/** Chained lines on their way to the sinks: each is encoded once, hashed where it lies, and a batch is one piece of memory. */
import { type AuditChain, lineHash } from './chain.ts';

const bytesAtFirst = 65_536;
const comma = 0x2c;
const newline = 0x0a;

/** Collects the lines of one batch. */
export class LineBuffer {
  #bytes: Buffer = Buffer.allocUnsafeSlow(bytesAtFirst);
  #length = 0;

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * Appends the next line of a chain.
   * @param body JSON text of an object that is not empty @param head written before its members, when given
   */
  append(chain: AuditChain, body: string, head?: number): void {
    const { seq, hash } = chain.point;
    const place = `{"seq":${seq + 1},"prev":"${hash}"${head === undefined ? '' : `,"head":${head}`}`;
    const start = this.#length;
    // A UTF-16 unit takes three bytes of UTF-8 at most.
    this.#reserve(place.length + body.length * 3 + 1);
    let end = start + this.#bytes.write(place, start, 'latin1');
    end += this.#bytes.write(body, end, 'utf8');
    // The body's brace becomes the comma behind the place.
    this.#bytes[start + place.length] = comma;
    chain.advance(lineHash(this.#bytes.subarray(start, end)));
    this.#bytes[end] = newline;
    this.#length = end + 1;
  }

  /** The lines. They lie in this buffer: it must not be cleared before they are used. */
  lines(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets the lines. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > 16 * bytesAtFirst) this.#bytes = Buffer.allocUnsafeSlow(bytesAtFirst);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
