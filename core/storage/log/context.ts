/** What the parts of one opened log share. */
import type { LogCipher } from '../cipher.ts';
import type { Disk } from './disk.ts';
import type { FileSet } from './files.ts';
import type { BaseEntry, Manifest } from './manifest.ts';
import type { PageIndex } from './page-index.ts';

/** The state of an open directory. Only opening and compaction change it. */
export interface LogContext {
  readonly disk: Disk;
  readonly directory: string;
  readonly cipher: LogCipher;
  /** Of the tail, and of base files that don't say another. */
  lineage: Buffer;
  readonly files: FileSet;
  readonly index: PageIndex;
  /** The tail's beginning, as the manifest in force says. */
  tail: Manifest['tail'];
  /** The next id; rises only. */
  nextFile: number;
  /** Base files by id: those of the manifest, and those that a compaction has finished since. */
  readonly bases: Map<number, BaseEntry>;
  /** Files that were emptied, to be unlinked when a manifest has made their ids history. */
  readonly entombed: Set<string>;
  /** A job that re-wraps every value, and how far it is. */
  rewrap: RewrapState | undefined;
}

/** Progress of a re-wrap job; kept in the page table, since a key is a secret. */
export interface RewrapState {
  readonly job: number;
  /** Every key before this one was visited. */
  readonly cursor: string;
}
