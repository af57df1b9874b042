/**
 * The manifest: what a directory consists of. Three lines of text: the fields as JSON, `sha256 HEX` of that line, `mac HEX` of it.
 * Readable by people and checkable without keys; only the keyring can make one. Replaced by rename, never changed in place.
 */
import type { LogCipher } from '../cipher.ts';
import { type Disk, isDiskError, readFully, writeFully } from './disk.ts';
import { type ChainPoint, damage, sha256 } from './format.ts';

/** Version of everything that lies in the directory. */
const formatVersion = 1;

/** A base file as the manifest names it. */
export interface BaseEntry {
  readonly id: number;
  readonly bytes: number;
  readonly sha256: Buffer;
  /** Set when it is of an earlier lineage than the manifest: before a restore. */
  readonly lineage?: Buffer;
}

/** What a manifest says. */
export interface Manifest {
  readonly lineage: Buffer;
  /** Ids from this one on were never used when the manifest was written. */
  readonly nextFile: number;
  readonly bases: readonly BaseEntry[];
  /** The page table's sealed record in a base file. */
  readonly table: { readonly file: number; readonly offset: number; readonly length: number } | undefined;
  /** The log file that the replay starts with, and where the chain stood at its beginning. */
  readonly tail: { readonly file: number; readonly from: ChainPoint };
  /** The newest keyring record at the beginning of the tail. */
  readonly keyring: Buffer | undefined;
}

function encode(manifest: Manifest): string {
  return JSON.stringify({
    format: formatVersion,
    lineage: manifest.lineage.toString('hex'),
    nextFile: manifest.nextFile,
    bases: manifest.bases.map(({ lineage, ...base }) => ({
      ...base,
      sha256: base.sha256.toString('hex'),
      ...(lineage === undefined ? {} : { lineage: lineage.toString('hex') }),
    })),
    table: manifest.table ?? null,
    tail: { file: manifest.tail.file, revision: manifest.tail.from.revision, hash: manifest.tail.from.hash.toString('hex') },
    keyring: manifest.keyring?.toString('base64') ?? null,
  });
}

interface ManifestJson {
  readonly format: number;
  readonly lineage: string;
  readonly nextFile: number;
  readonly bases: readonly { readonly id: number; readonly bytes: number; readonly sha256: string; readonly lineage?: string }[];
  readonly table: { readonly file: number; readonly offset: number; readonly length: number } | null;
  readonly tail: { readonly file: number; readonly revision: number; readonly hash: string };
  readonly keyring: string | null;
}

/** Writes the manifest so that a crash leaves the old one or the new one. */
export async function writeManifest(disk: Disk, directory: string, cipher: LogCipher, manifest: Manifest): Promise<void> {
  const line = encode(manifest);
  const bytes = Buffer.from(line);
  const text = `${line}\nsha256 ${sha256(bytes).toString('hex')}\nmac ${Buffer.from(cipher.mac(bytes)).toString('hex')}\n`;
  const temporary = `${directory}/manifest.tmp`;
  try {
    disk.unlink(temporary);
  } catch (error) {
    if (!isDiskError(error, 'ENOENT')) throw error;
  }
  const file = disk.create(temporary);
  try {
    writeFully(file, Buffer.from(text), 0);
    await file.fdatasync();
  } finally {
    file.close();
  }
  disk.rename(temporary, `${directory}/manifest`);
  await disk.fsyncDirectory(directory);
}

/** A manifest as read: `authenticate` throws `internal` unless the cipher's family of keys made it. */
export interface ReadManifest extends Manifest {
  authenticate(cipher: LogCipher): void;
}

/** Reads the manifest; undefined when there is none. Throws `internal` when it is damaged or of another format. */
export function readManifest(disk: Disk, directory: string): ReadManifest | undefined {
  if (!disk.readdir(directory).includes('manifest')) return undefined;
  const file = disk.open(`${directory}/manifest`, 'read');
  const bytes = readFully(file, 0, file.size());
  file.close();
  const end = bytes.indexOf(10);
  const line = bytes.subarray(0, Math.max(end, 0));
  const rest = /^\nsha256 ([0-9a-f]{64})\nmac ([0-9a-f]{64})\n$/.exec(bytes.toString('latin1', Math.max(end, 0)));
  if (rest === null || sha256(line).toString('hex') !== rest[1]) throw damage('manifest', 0, 'it was changed or cut');
  const json = JSON.parse(line.toString('utf8')) as ManifestJson; // the hash matched: it is what encode made
  if (json.format !== formatVersion) throw damage('manifest', 0, `its format is ${json.format}, this version reads ${formatVersion}`);
  return {
    lineage: Buffer.from(json.lineage, 'hex'),
    nextFile: json.nextFile,
    bases: json.bases.map(({ lineage, ...base }) => ({
      ...base,
      sha256: Buffer.from(base.sha256, 'hex'),
      ...(lineage === undefined ? {} : { lineage: Buffer.from(lineage, 'hex') }),
    })),
    table: json.table ?? undefined,
    tail: { file: json.tail.file, from: { revision: json.tail.revision, hash: Buffer.from(json.tail.hash, 'hex') } },
    keyring: json.keyring === null ? undefined : Buffer.from(json.keyring, 'base64'),
    authenticate(cipher) {
      if (!cipher.isMac(line, Buffer.from(rest[2] ?? '', 'hex'))) {
        throw damage('manifest', 0, 'it was not made by the keys of this storage');
      }
    },
  };
}
