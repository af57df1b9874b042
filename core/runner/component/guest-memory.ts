/**
 * Reads and writes a guest's memory by the canonical ABI. Every pointer comes from the guest: what lies outside throws, and what one turn
 * copies out is bounded, because a guest may name the same bytes a million times.
 *
 * @source Component Model, design/mvp/CanonicalABI.md
 */

import { isUtf8 } from 'node:buffer';

/** Allocates in the guest: old pointer, old size, alignment, new size. */
export type Realloc = (old: number, oldSize: number, align: number, size: number) => number;

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lossy = new TextDecoder('utf-8', { ignoreBOM: true });
/** What a pointer and a length cost, whatever they name. */
const itemBytes = 128;
const pairBytes = 8;

/** The memory of one instance. */
export class GuestMemory {
  readonly #memory: WebAssembly.Memory;
  readonly #realloc: Realloc;
  #bytes: Uint8Array<ArrayBuffer>;
  /** The same, for writing text. Never give it away: what it slices are no copies. */
  #texts: Buffer<ArrayBuffer>;
  #view: DataView;
  #budget = 0;

  constructor(memory: WebAssembly.Memory, realloc: Realloc) {
    this.#memory = memory;
    this.#realloc = realloc;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#texts = Buffer.from(memory.buffer);
    this.#view = new DataView(memory.buffer);
  }

  /** What the guest has taken of its memory. */
  get size(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Begins a turn that may copy out so many bytes. */
  begin(budget: number): void {
    this.#budget = budget;
  }

  /** Its views again, when it has grown. */
  #refresh(): void {
    if (this.#bytes.buffer === this.#memory.buffer) return;
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#texts = Buffer.from(this.#memory.buffer);
    this.#view = new DataView(this.#memory.buffer);
  }

  #allocate(align: number, size: number): number {
    const at = this.#realloc(0, 0, align, size) >>> 0;
    this.#refresh();
    return at;
  }

  /** Puts bytes into the guest. @returns where */
  putBytes(bytes: Uint8Array): number {
    if (bytes.length === 0) return 1;
    const at = this.#allocate(1, bytes.length);
    this.#bytes.set(bytes, at);
    return at;
  }

  /** Puts text into the guest. @returns where, and how many bytes */
  putText(text: string): readonly [at: number, length: number] {
    const length = Buffer.byteLength(text);
    if (length === 0) return [1, 0];
    const at = this.#allocate(1, length);
    // What the guest says is checked: outside of its memory this throws.
    if (this.#texts.write(text, at, length) !== length) throw new RangeError('a pointer outside the memory');
    return [at, length];
  }

  /** Copies text of the guest to another place in it. @returns where; undefined when it is malformed */
  copyText(pointer: number, length: number): number | undefined {
    const span = this.#span(pointer, length);
    if (!isUtf8(span)) return undefined;
    if (span.length === 0) return 1;
    const at = this.#allocate(1, span.length);
    if (at + span.length > this.#bytes.length) throw new RangeError('a pointer outside the memory');
    this.#bytes.copyWithin(at, span.byteOffset, span.byteOffset + span.length);
    return at;
  }

  /** Puts a `list<list<u8>>` into the guest. @returns where */
  putLists(lists: readonly Uint8Array[]): number {
    if (lists.length === 0) return 4;
    const at = this.#allocate(4, pairBytes * lists.length);
    for (const [index, bytes] of lists.entries()) this.putPair(at + pairBytes * index, this.putBytes(bytes), bytes.length);
    return at;
  }

  /** Writes a pointer and a length. */
  putPair(at: number, pointer: number, length: number): void {
    this.#refresh();
    this.#view.setUint32(at >>> 0, pointer, true);
    this.#view.setUint32((at >>> 0) + 4, length, true);
  }

  /** Writes the tag of a `result`. */
  putTag(at: number, tag: 0 | 1): void {
    this.#refresh();
    this.#view.setUint8(at >>> 0, tag);
  }

  /** Reads a pointer and a length. */
  pair(at: number): readonly [pointer: number, length: number] {
    this.#refresh();
    return [this.#view.getUint32(at >>> 0, true), this.#view.getUint32((at >>> 0) + 4, true)];
  }

  #span(pointer: number, length: number): Uint8Array<ArrayBuffer> {
    this.#refresh();
    const from = pointer >>> 0;
    const size = length >>> 0;
    if (from + size > this.#bytes.length) throw new RangeError('a pointer outside the memory');
    this.#budget -= size + itemBytes;
    if (this.#budget < 0) throw new RangeError('a turn that hands over too much');
    return this.#bytes.subarray(from, from + size);
  }

  /** Copies bytes out. */
  bytes(pointer: number, length: number): Uint8Array<ArrayBuffer> {
    return this.#span(pointer, length).slice();
  }

  /** Copies text out. @throws TypeError when it is malformed */
  text(pointer: number, length: number): string {
    return strict.decode(this.#span(pointer, length));
  }

  /** Copies the beginning of a text out; malformed bytes become U+FFFD. */
  lossyText(pointer: number, length: number, bytesMax: number): string {
    return lossy.decode(this.#span(pointer, Math.min(length >>> 0, bytesMax)));
  }

  /** Copies a `list<list<u8>>` out. */
  lists(pointer: number, count: number): readonly Uint8Array[] {
    const lists: Uint8Array[] = [];
    for (let index = 0; index < count >>> 0; index += 1) lists.push(this.bytes(...this.pair((pointer >>> 0) + pairBytes * index)));
    return lists;
  }
}
