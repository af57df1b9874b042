/**
 * A leaf page of the index: up to 256 names in order and where their values lie. Columns are typed arrays, because a Map of
 * objects takes twice the memory and stalls for 90 ms when it grows.
 *
 * A page on disk, before it is sealed (numbers are LEB128):
 *   count | per name: length in UTF-16 units, revision, file, offset, value length, check (4 bytes) | all names as one UTF-8 text
 */
import { FieldReader, FieldWriter } from './varint.ts';

/** Names in a page at most. */
export const pageNamesMax = 256;

/** The file number that says "not written yet"; the offset is then a number of the pending table. */
export const pendingFile = 0;

/** Where a value lies and which revision it is. */
export interface Location {
  readonly revision: number;
  /** Id of the file, or `pendingFile`. */
  readonly file: number;
  readonly offset: number;
  readonly length: number;
  /** CRC-32 of the value: an older value in its place, or a flipped bit, shows at once. */
  readonly check: number;
}

/** The names and columns. Rows at or past `names.length` mean nothing. */
export class Page {
  names: string[] = [];
  readonly revision: Float64Array = new Float64Array(pageNamesMax);
  readonly offset: Float64Array = new Float64Array(pageNamesMax);
  readonly file: Uint32Array = new Uint32Array(pageNamesMax);
  readonly length: Uint32Array = new Uint32Array(pageNamesMax);
  readonly check: Uint32Array = new Uint32Array(pageNamesMax);

  /** Gives the row of the first name at or after `key`. */
  search(key: string): number {
    const { names } = this;
    let low = 0;
    let high = names.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((names[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Gives a row's columns. */
  at(row: number): Location {
    return {
      revision: this.revision[row] ?? 0,
      file: this.file[row] ?? 0,
      offset: this.offset[row] ?? 0,
      length: this.length[row] ?? 0,
      check: this.check[row] ?? 0,
    };
  }

  /** Sets a row's columns. */
  set(row: number, location: Location): void {
    this.revision[row] = location.revision;
    this.file[row] = location.file;
    this.offset[row] = location.offset;
    this.length[row] = location.length;
    this.check[row] = location.check;
  }

  /** Puts a name in as `row`. The page must not be full. */
  insert(row: number, name: string, location: Location): void {
    this.#shift(row, row + 1);
    this.names.splice(row, 0, name);
    this.set(row, location);
  }

  /** Takes a row out. */
  remove(row: number): void {
    this.#shift(row + 1, row);
    this.names.splice(row, 1);
  }

  /** Moves the rows from `row` on into a new page. */
  splitAt(row: number): Page {
    const right = new Page();
    right.names = this.names.slice(row);
    right.revision.set(this.revision.subarray(row));
    right.offset.set(this.offset.subarray(row));
    right.file.set(this.file.subarray(row));
    right.length.set(this.length.subarray(row));
    right.check.set(this.check.subarray(row));
    this.names = this.names.slice(0, row);
    return right;
  }

  #shift(from: number, to: number): void {
    const end = this.names.length;
    this.revision.copyWithin(to, from, end);
    this.offset.copyWithin(to, from, end);
    this.file.copyWithin(to, from, end);
    this.length.copyWithin(to, from, end);
    this.check.copyWithin(to, from, end);
  }
}

/** Encodes the rows that lie in files for which `keeps` says yes, and counts their value bytes by file. */
export function encodePage(
  page: Page,
  keeps: (file: number) => boolean,
): { bytes: Buffer; count: number; bytesByFile: Map<number, number> } {
  const rows: number[] = [];
  for (let row = 0; row < page.names.length; row++) if (keeps(page.file[row] ?? 0)) rows.push(row);
  const fields = new FieldWriter(64 * rows.length + 64);
  const bytesByFile = new Map<number, number>();
  const check = Buffer.allocUnsafe(4);
  fields.number(rows.length);
  for (const row of rows) {
    const at = page.at(row);
    fields.number(page.names[row]?.length ?? 0);
    for (const field of [at.revision, at.file, at.offset, at.length]) fields.number(field);
    check.writeUInt32LE(at.check);
    fields.raw(check);
    bytesByFile.set(at.file, (bytesByFile.get(at.file) ?? 0) + at.length);
  }
  fields.raw(Buffer.from(rows.map((row) => page.names[row]).join(''), 'utf8'));
  return { bytes: fields.bytes, count: rows.length, bytesByFile };
}

/** Decodes what `encodePage` gave. Throws RangeError for other bytes. */
export function decodePage(bytes: Uint8Array): Page {
  const fields = new FieldReader(bytes);
  const count = fields.number();
  if (count > pageNamesMax) throw new RangeError('an index page holds too many names');
  const page = new Page();
  const ends: number[] = [];
  for (let row = 0, end = 0; row < count; row++) {
    end += fields.number();
    ends.push(end);
    page.revision[row] = fields.number();
    page.file[row] = fields.number();
    page.offset[row] = fields.number();
    page.length[row] = fields.number();
    page.check[row] = fields.raw(4).readUInt32LE();
  }
  const text = fields.rest().toString('utf8');
  for (let row = 0, start = 0; row < count; row++) {
    const end = ends[row] ?? 0;
    page.names.push(text.slice(start, end));
    start = end;
  }
  return page;
}
