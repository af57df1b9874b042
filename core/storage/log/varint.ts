/** Unsigned LEB128 numbers up to 2^53 - 1, for the records whose fields are mostly small. */

/** A growing buffer of fields. */
export class FieldWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  /** What was written so far; valid until the next write. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#length + count));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }

  /** Appends an integer from 0 to 2^53 - 1. */
  number(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** Appends a string: its length in UTF-8 bytes, shifted left with `flag` as the lowest bit, then the bytes. */
  text(value: string, flag: 0 | 1 = 0): void {
    const bytes = Buffer.byteLength(value);
    this.number(bytes * 2 + flag);
    this.#reserve(bytes);
    this.#length += this.#bytes.write(value, this.#length, 'utf8');
  }

  /** Appends bytes as they are. */
  raw(value: Uint8Array): void {
    this.#reserve(value.byteLength);
    this.#bytes.set(value, this.#length);
    this.#length += value.byteLength;
  }
}

/** Reads what `FieldWriter` wrote. Throws RangeError when the bytes end too early. */
export class FieldReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Whether everything was read. */
  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  number(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined || scale > 2 ** 49) throw new RangeError('the record ends early');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }

  /** Reads a string and its flag. */
  text(): { readonly value: string; readonly flag: boolean } {
    const head = this.number();
    return { value: this.raw(Math.floor(head / 2)).toString('utf8'), flag: head % 2 === 1 };
  }

  /** Reads all that is left. */
  rest(): Buffer {
    return this.raw(this.#bytes.length - this.#at);
  }

  raw(length: number): Buffer {
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    if (bytes.length !== length) throw new RangeError('the record ends early');
    this.#at += length;
    return bytes;
  }
}
