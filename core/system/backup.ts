/**
 * A backup: everything up to one revision, as a gzipped tar, with the entry that Go clients look for at the end:
 *
 *   meta.json  boot.json  store/manifest  store/base-…  store/log-…  SHA256SUMS  SHA256SUMS.sealed
 *
 * Nothing is decrypted for it: values, names and keys lie in it as they lie on the disk, and it opens with the shares (or seals) of its moment.
 * `SHA256SUMS` has a line for each entry before it, `SHA256SUMS.sealed` the HMAC of that file under a key of the root key, in hexadecimal.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGzip, constants } from 'node:zlib';
import type { BootFile } from '../barrier/boot-file.ts';
import { deriveKey } from '../crypto/commitment.ts';
import { StrongroomError } from '../errors.ts';
import { tarEnd, tarHeader, tarPadding } from '../storage/archive/tar.ts';
import type { Snapshot } from '../storage/types.ts';
import type { Server } from './server.ts';

/** What `meta.json` says. */
export interface BackupMeta {
  readonly format: 1;
  readonly clusterId: string;
  readonly revision: number;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Of the server that made it. */
  readonly version: string;
}

/** Entries around the files of the store. */
export const backupNames = {
  meta: 'meta.json',
  boot: 'boot.json',
  sums: 'SHA256SUMS',
  sealed: 'SHA256SUMS.sealed',
  store: 'store/',
} as const;

/** Bytes read in one turn of the event loop: every request waits for some of them. */
const sliceBytes = 65_536;

/** The HMAC of `SHA256SUMS`. */
export function backupMac(rootKey: Uint8Array, sums: Uint8Array): Buffer {
  const key = deriveKey(rootKey, 'backup');
  const mac = createHmac('sha256', key).update(sums).digest();
  key.fill(0);
  return mac;
}

/** Whether a backup was made by a server with this root key. */
export function isBackupMac(rootKey: Uint8Array, sums: Uint8Array, mac: Uint8Array): boolean {
  return mac.length === 32 && timingSafeEqual(backupMac(rootKey, sums), mac);
}

/** The line of an entry in `SHA256SUMS`. */
export function sumLine(name: string, sha256: Buffer): string {
  return `${sha256.toString('hex')}  ${name}\n`;
}

/** Whether a backup can be taken. @throws StrongroomError `invalid` when nothing lies on a disk */
export function checkBackup({ unsealed }: Server): void {
  if (unsealed?.storage.snapshot === undefined)
    throw new StrongroomError('invalid', 'this server keeps everything in memory: there is nothing to back up or restore');
}

/** Starts a backup of this moment. @throws StrongroomError `sealed`; and what `checkBackup` throws */
export function startBackup(server: Server): Readable {
  const { unsealed, boot, options } = server;
  if (unsealed === undefined || boot === undefined) throw new StrongroomError('sealed', 'Vault is sealed');
  if (unsealed.storage.snapshot === undefined) throw new StrongroomError('invalid', 'this server keeps everything in memory');
  // From here to the copy of the root key nothing yields: all three are of one moment.
  const snapshot = unsealed.storage.snapshot();
  const { offered: _offered, ...settled } = boot;
  const rootKey = unsealed.barrier.copyRoot();
  const createdAt = new Date(options.wallClock()).toISOString();
  const meta = { format: 1, clusterId: boot.clusterId, revision: snapshot.revision, createdAt, version: options.version } as const;
  const source = Readable.from(archive(snapshot, meta, settled, rootKey));
  // What it holds is ciphertext: there is nothing to compress.
  const gzip = createGzip({ level: constants.Z_NO_COMPRESSION, chunkSize: sliceBytes });
  pipeline(source, gzip, (error) => {
    snapshot.close();
    rootKey.fill(0);
    if (error instanceof Error && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') server.log.error({ err: error }, 'a backup failed');
  });
  return gzip;
}

async function* archive(snapshot: Snapshot, meta: BackupMeta, boot: BootFile, rootKey: Buffer): AsyncGenerator<Uint8Array> {
  const modified = Math.floor(Date.parse(meta.createdAt) / 1000);
  let sums = '';
  const small = function* (name: string, content: string): Generator<Uint8Array> {
    const bytes = Buffer.from(content);
    sums += sumLine(name, createHash('sha256').update(bytes).digest());
    yield Buffer.concat([tarHeader({ name, bytes: bytes.length }, modified), bytes, tarPadding(bytes.length)]);
  };
  yield* small(backupNames.meta, `${JSON.stringify(meta, undefined, 2)}\n`);
  yield* small(backupNames.boot, `${JSON.stringify(boot, undefined, 2)}\n`);
  for (const file of snapshot.files) {
    const name = backupNames.store + file.name;
    const hash = createHash('sha256');
    yield tarHeader({ name, bytes: file.bytes }, modified);
    for (let at = 0; at < file.bytes; at += sliceBytes) {
      const slice = file.read(at, Math.min(sliceBytes, file.bytes - at));
      hash.update(slice);
      yield slice;
      await new Promise((resolve) => setImmediate(resolve));
    }
    yield tarPadding(file.bytes);
    sums += sumLine(name, hash.digest());
  }
  const summed = Buffer.from(sums);
  yield* small(backupNames.sums, sums);
  yield* small(backupNames.sealed, `${backupMac(rootKey, summed).toString('hex')}\n`);
  yield tarEnd;
}
