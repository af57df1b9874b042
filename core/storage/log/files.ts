/** The open log and base files of a directory, by id: where values and pages are read from. */
import { crc32 } from 'node:zlib';
import { type Disk, type DiskFile, readFully } from './disk.ts';
import { damage, fileName } from './format.ts';
import type { Location } from './page.ts';

/** One open file. */
export interface OpenFile {
  readonly kind: 'log' | 'base';
  readonly id: number;
  readonly file: DiskFile;
}

/** Gives the check that the index keeps of a value. */
export function checkOf(value: Uint8Array): number {
  return crc32(value);
}

/** The set of open files. */
export class FileSet {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #open = new Map<number, OpenFile>();

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
  }

  /** Gives a file's path. */
  path(kind: 'log' | 'base', id: number): string {
    return `${this.#directory}/${fileName(kind, id)}`;
  }

  /** Opens an existing file and keeps it. */
  open(kind: 'log' | 'base', id: number): OpenFile {
    return this.#add({ kind, id, file: this.#disk.open(this.path(kind, id), 'write') });
  }

  /** Makes a new file and keeps it. */
  create(kind: 'log' | 'base', id: number): OpenFile {
    return this.#add({ kind, id, file: this.#disk.create(this.path(kind, id)) });
  }

  /** All kept files. */
  all(): OpenFile[] {
    return [...this.#open.values()];
  }

  /** Gives a kept file. */
  get(id: number): OpenFile | undefined {
    return this.#open.get(id);
  }

  /** Reads `length` bytes, all of them. Throws `internal`, naming file and offset, when the file is gone or ends before. */
  read(id: number, offset: number, length: number): Buffer {
    const open = this.#open.get(id);
    if (open === undefined) throw damage(`file ${id}`, offset, 'the index refers to a file that is not there');
    const bytes = readFully(open.file, offset, length);
    if (bytes.length < length) throw damage(fileName(open.kind, id), offset, 'the file ends early');
    return bytes;
  }

  /** Reads a value. Throws `internal` when it is not the one that was written. */
  value(at: Location): Buffer {
    const value = this.read(at.file, at.offset, at.length);
    if (checkOf(value) === at.check) return value;
    const open = this.#open.get(at.file);
    throw damage(fileName(open?.kind ?? 'log', at.file), at.offset, 'the value is not the one that was written');
  }

  /** Closes a file and takes its name away. */
  remove(id: number): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    open.file.close();
    this.#disk.unlink(this.path(open.kind, id));
  }

  /** Closes a file and leaves it empty: its id stays taken until a manifest says so. */
  entomb(id: number): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    open.file.truncate(0);
    open.file.close();
  }

  closeAll(): void {
    for (const { file } of this.#open.values()) file.close();
    this.#open.clear();
  }

  #add(open: OpenFile): OpenFile {
    this.#open.set(open.id, open);
    return open;
  }
}
