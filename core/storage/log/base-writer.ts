/** Appends values and records to new base files. Everything of one slice of work reaches the file when the slice ends, by `flush`. */
import { createHash, type Hash } from 'node:crypto';
import type { LogContext } from './context.ts';
import { writeFully } from './disk.ts';
import type { OpenFile } from './files.ts';
import { encodeBaseHeader, fileName } from './format.ts';

/** Names a kind of record in a base file. */
export type RecordKind = 'page' | 'table';

/** What a sealed record is bound to: the storage, the kind and the place. */
export function recordBinding(lineage: Uint8Array, kind: RecordKind, file: number, offset: number): Buffer {
  return Buffer.concat([lineage, Buffer.from(`${kind} ${file} ${offset}`, 'latin1')]);
}

/** Where something was appended. */
export interface Appended {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

/** The base files of one compaction pass. */
export class BaseWriter {
  readonly #context: LogContext;
  readonly #fileBytesMax: number;
  #open: OpenFile | undefined;
  #hash: Hash = createHash('sha256');
  #flushed = 0;
  #buffer: Uint8Array[] = [];
  #buffered = 0;
  #total = 0;
  readonly #unsynced: OpenFile[] = [];
  readonly #ids = new Set<number>();

  constructor(context: LogContext, fileBytesMax: number) {
    this.#context = context;
    this.#fileBytesMax = fileBytesMax;
  }

  /** Ids of the files of this pass. */
  get ids(): ReadonlySet<number> {
    return this.#ids;
  }

  /** Bytes appended to all files. */
  get total(): number {
    return this.#total;
  }

  /** Begins a file unless one is open that has room. Call at the start of a slice. */
  begin(): void {
    if (this.#open !== undefined && this.#flushed < this.#fileBytesMax) return;
    this.#seal();
    const id = this.#context.nextFile++;
    this.#open = this.#context.files.create('base', id);
    this.#ids.add(id);
    this.#unsynced.push(this.#open);
    this.#hash = createHash('sha256');
    this.#flushed = 0;
    this.#push(encodeBaseHeader(this.#context.lineage, id));
  }

  /** Appends a value. */
  value(bytes: Uint8Array): Appended {
    const at = { file: this.#file().id, offset: this.#flushed + this.#buffered, length: bytes.byteLength };
    this.#push(bytes);
    return at;
  }

  /** Seals and appends a record. */
  record(kind: RecordKind, plaintext: Uint8Array): Appended {
    const { cipher, lineage } = this.#context;
    const offset = this.#flushed + this.#buffered;
    return this.value(cipher.seal(plaintext, recordBinding(lineage, kind, this.#file().id, offset)));
  }

  /** Writes what was appended. When it throws, nothing since the last flush is in the file. */
  flush(): void {
    if (this.#buffered === 0) return;
    const bytes = Buffer.concat(this.#buffer);
    this.#buffer = [];
    this.#buffered = 0;
    writeFully(this.#file().file, bytes, this.#flushed);
    this.#hash.update(bytes);
    this.#flushed += bytes.length;
  }

  /** Syncs all files of the pass, and their names. They are part of the storage from then on. */
  async finish(): Promise<void> {
    this.#seal();
    for (const { file } of this.#unsynced.splice(0)) await file.fdatasync();
    await this.#context.disk.fsyncDirectory(this.#context.directory);
  }

  #seal(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#buffer = [];
    this.#buffered = 0;
    this.#open = undefined;
    if (this.#flushed === 0) {
      this.#unsynced.pop();
      this.#ids.delete(open.id);
      this.#context.files.entomb(open.id);
      this.#context.entombed.add(fileName('base', open.id));
      return;
    }
    open.file.truncate(this.#flushed);
    this.#context.bases.set(open.id, { id: open.id, bytes: this.#flushed, sha256: this.#hash.digest() });
  }

  #push(bytes: Uint8Array): void {
    this.#buffer.push(bytes);
    this.#buffered += bytes.byteLength;
    this.#total += bytes.byteLength;
  }

  #file(): OpenFile {
    if (this.#open === undefined) throw new RangeError('no base file was begun');
    return this.#open;
  }
}
