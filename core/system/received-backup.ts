/** Receives a backup into a directory of its own beside the store, and checks all that can be checked without its keys. */
import { createHash } from 'node:crypto';
import { createGunzip } from 'node:zlib';
import { pipeline, Readable } from 'node:stream';
import { type BootFile, parseBoot } from '../barrier/boot-file.ts';
import { StrongroomError } from '../errors.ts';
import { ByteReader } from '../storage/archive/byte-reader.ts';
import { readTarHeader, tarBlock, type TarHeader } from '../storage/archive/tar.ts';
import { type DiskFile, isDiskError, writeFully } from '../storage/log/disk.ts';
import { type BackupMeta, backupNames, sumLine } from './backup.ts';
import type { IncomingStore } from './store-directory.ts';

const smallBytesMax = 1_048_576;
const storeFile = /^store\/(manifest|(base|log)-[0-9a-f]{8})$/;

/** A backup whose sums are right. */
export interface ReceivedBackup {
  readonly meta: BackupMeta;
  readonly boot: BootFile;
  readonly sums: Buffer;
  readonly mac: Buffer;
}

/**
 * Reads a whole backup; its files are in `store` and synced afterwards.
 * @throws StrongroomError `invalid` for what is no backup, is cut short or was changed; `storage-full`
 */
export async function receiveBackup(chunks: AsyncIterable<Uint8Array>, store: IncomingStore): Promise<ReceivedBackup> {
  const gunzip = createGunzip();
  const source = Readable.from(chunks);
  pipeline(source, gunzip, () => {});
  try {
    return await receive(new ByteReader(gunzip), store);
  } catch (error) {
    throw refusalOf(error);
  } finally {
    gunzip.destroy();
  }
}

function refusalOf(error: unknown): unknown {
  if (error instanceof StrongroomError || !(error instanceof Error)) return error;
  if (isDiskError(error, 'ENOSPC'))
    return new StrongroomError('storage-full', 'the disk is full: nothing was restored and nothing was changed');
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'Z_BUF_ERROR') return new StrongroomError('invalid', 'the backup is cut short');
  return code.startsWith('Z_') ? new StrongroomError('invalid', 'the backup is damaged, or is none: it is not in gzip format') : error;
}

async function receive(reader: ByteReader, store: IncomingStore): Promise<ReceivedBackup> {
  let sums = '';
  const small = async (name: string): Promise<Buffer> => {
    const header = await nextHeader(reader);
    if (header?.name !== name || header.bytes > smallBytesMax) throw damaged(`${name} is missing`);
    const bytes = await reader.take(header.bytes);
    await reader.take(paddingOf(header));
    sums += sumLine(name, createHash('sha256').update(bytes).digest());
    return bytes;
  };
  const meta = parseMeta(await small(backupNames.meta));
  const boot = parseBoot((await small(backupNames.boot)).toString('utf8'));
  if (boot === undefined || boot.clusterId !== meta.clusterId) throw damaged(`${backupNames.boot} is malformed`);
  let header = await nextHeader(reader);
  for (; header !== undefined && header.name !== backupNames.sums; header = await nextHeader(reader)) {
    if (!storeFile.test(header.name)) throw damaged('it holds a file that is not of a backup');
    sums += sumLine(header.name, await receiveFile(reader, store, header));
  }
  if (header === undefined || header.bytes > smallBytesMax) throw damaged(`${backupNames.sums} is missing`);
  const summed = await reader.take(header.bytes);
  await reader.take(paddingOf(header));
  if (summed.toString('latin1') !== sums) throw damaged('its content is not what its sums say');
  const mac = /^([0-9a-f]{64})\n$/.exec((await small(backupNames.sealed)).toString('latin1'))?.[1];
  if (mac === undefined) throw damaged(`${backupNames.sealed} is malformed`);
  if (!(await reader.onlyZerosLeft())) throw damaged('something follows its end');
  await store.sync();
  return { meta, boot, sums: summed, mac: Buffer.from(mac, 'hex') };
}

async function receiveFile(reader: ByteReader, store: IncomingStore, header: TarHeader): Promise<Buffer> {
  const hash = createHash('sha256');
  let file: DiskFile;
  try {
    file = store.create(header.name.slice(backupNames.store.length));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw damaged('it holds a file twice');
    throw error;
  }
  try {
    let at = 0;
    for await (const part of reader.pass(header.bytes)) {
      hash.update(part);
      writeFully(file, part, at);
      at += part.length;
    }
    await reader.take(paddingOf(header));
    await file.fdatasync();
  } finally {
    file.close();
  }
  return hash.digest();
}

async function nextHeader(reader: ByteReader): Promise<TarHeader | undefined> {
  return readTarHeader(await reader.take(tarBlock));
}

function paddingOf({ bytes }: TarHeader): number {
  return (tarBlock - (bytes % tarBlock)) % tarBlock;
}

function parseMeta(bytes: Buffer): BackupMeta {
  try {
    const meta = JSON.parse(bytes.toString('utf8')) as BackupMeta;
    if (meta.format === 1 && typeof meta.clusterId === 'string' && Number.isSafeInteger(meta.revision) && meta.revision >= 0) return meta;
  } catch {}
  throw damaged(`${backupNames.meta} is malformed`);
}

function damaged(what: string): StrongroomError {
  return new StrongroomError('invalid', `the backup is damaged, or is none: ${what}`);
}
