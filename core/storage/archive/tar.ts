/**
 * The tar format as backups use it: plain files with short names, in a known order.
 *
 *   header (512): name[100] mode[8] uid[8] gid[8] size[12] mtime[12] checksum[8] type[1] link[100] "ustar" 0 "00" …
 *   content, filled up with zeros to a multiple of 512; two empty blocks at the end
 *
 * @source POSIX.1-1988, ustar
 */
import { StrongroomError } from '../../errors.ts';

/** Bytes of a block. */
export const tarBlock = 512;

/** Ends an archive. */
export const tarEnd: Buffer = Buffer.alloc(2 * tarBlock);

/** What a header says. */
export interface TarHeader {
  readonly name: string;
  readonly bytes: number;
}

/** Gives a file's header. @param modified seconds since 1970 */
export function tarHeader({ name, bytes }: TarHeader, modified: number): Buffer {
  const header = Buffer.alloc(tarBlock);
  header.write(name, 0, 100, 'latin1');
  header.write('0000600\0', 100, 'latin1');
  header.write('0000000\0'.repeat(2), 108, 'latin1');
  header.write(`${octal(bytes, 11)} ${octal(modified, 11)} `, 124, 'latin1');
  header.write(' '.repeat(8), 148, 'latin1');
  header.write('0', 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(`${octal(checksum(header), 6)}\0 `, 148, 'latin1');
  return header;
}

/** Zeros between the end of a content and the next header. */
export function tarPadding(bytes: number): Buffer {
  return Buffer.alloc((tarBlock - (bytes % tarBlock)) % tarBlock);
}

/** Reads a header; undefined for an empty block. @throws StrongroomError `invalid` for any that is not as `tarHeader` writes it */
export function readTarHeader(header: Buffer): TarHeader | undefined {
  if (header.every((byte) => byte === 0)) return undefined;
  const size = /^[0-7]{11}/.exec(header.toString('latin1', 124, 136));
  const modified = /^[0-7]{11}/.exec(header.toString('latin1', 136, 148));
  if (size !== null && modified !== null) {
    const name = header.toString('latin1', 0, Math.min(header.indexOf(0), 100));
    const read = { name, bytes: Number.parseInt(size[0], 8) };
    // What is read is what is written: no two headers mean the same.
    if (tarHeader(read, Number.parseInt(modified[0], 8)).equals(header)) return read;
  }
  throw new StrongroomError('invalid', 'the backup is damaged, or is none: an entry of its archive is malformed');
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function checksum(header: Buffer): number {
  let sum = 0;
  for (const byte of header) sum += byte;
  return sum;
}
