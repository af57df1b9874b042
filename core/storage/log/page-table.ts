/**
 * The page table's record (numbers are LEB128):
 *   re-wrap job + 1 (0: none) [its cursor] | count of pages | per page: first key, file, offset, length, count of names,
 *   count of files | per file: id, value bytes
 */
import type { RewrapState } from './context.ts';
import type { StoredPage } from './page-index.ts';
import { FieldReader, FieldWriter } from './varint.ts';

/** One row of the table. */
export interface TableRow {
  readonly first: string;
  readonly stored: StoredPage;
}

/** Encodes the table. */
export function encodeTable(rows: readonly TableRow[], rewrap: RewrapState | undefined): Buffer {
  const fields = new FieldWriter(96 * rows.length + 64);
  fields.number(rewrap === undefined ? 0 : rewrap.job + 1);
  if (rewrap !== undefined) fields.text(rewrap.cursor);
  fields.number(rows.length);
  for (const { first, stored } of rows) {
    fields.text(first);
    for (const field of [stored.file, stored.offset, stored.length, stored.count, stored.bytesByFile.size]) fields.number(field);
    for (const [file, bytes] of stored.bytesByFile) {
      fields.number(file);
      fields.number(bytes);
    }
  }
  return fields.bytes;
}

/** Decodes what `encodeTable` gave. Throws RangeError for other bytes. */
export function decodeTable(bytes: Uint8Array): { readonly rows: TableRow[]; readonly rewrap: RewrapState | undefined } {
  const fields = new FieldReader(bytes);
  const job = fields.number();
  const rewrap = job === 0 ? undefined : { job: job - 1, cursor: fields.text().value };
  const rows: TableRow[] = [];
  for (let rest = fields.number(); rest > 0; rest--) {
    const first = fields.text().value;
    const [file, offset, length, count] = [fields.number(), fields.number(), fields.number(), fields.number()];
    const bytesByFile = new Map<number, number>();
    for (let files = fields.number(); files > 0; files--) bytesByFile.set(fields.number(), fields.number());
    rows.push({ first, stored: { file, offset, length, count, bytesByFile } });
  }
  return { rows, rewrap };
}
