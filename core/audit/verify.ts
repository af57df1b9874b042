/** Checks audit files: `strongroom audit verify`, and the comparison of heads at unseal. */
import type { KeyObject } from 'node:crypto';
import { chainStart, lineHash, readChained, type ChainedLine, type ChainPoint } from './chain.ts';
import { checkpointMessage, recoveryMessage, signatureValid, type Checkpoint } from './checkpoint.ts';
import { fileLines, type FileLine } from './line-reader.ts';

/** Where a checkpoint was found. */
export interface FoundCheckpoint extends Checkpoint {
  readonly file: string;
  readonly line: number;
  /** Its signature was checked. */
  readonly verified: boolean;
}

/** What verification found. */
export type AuditReport =
  | {
      readonly ok: true;
      /** Lines of the chain, and the first and last of them. */
      readonly lines: number;
      readonly first: number;
      readonly last: number;
      /** The last file ends in a part of a line: a crash, or a server that is writing. */
      readonly tornTail: boolean;
      /** Ranges of lines that were refused to their requests because this sink failed; each is explained by a marker. */
      readonly recovered: readonly { readonly from: number; readonly to: number }[];
      readonly lastCheckpoint?: FoundCheckpoint;
    }
  | {
      readonly ok: false;
      readonly file: string;
      readonly line: number;
      readonly seq?: number;
      /** What is wrong; never what was read. */
      readonly what: string;
      /** The last checkpoint before the bad record: everything up to it holds. */
      readonly lastCheckpoint?: FoundCheckpoint;
    };

/** Options of a verification. */
export interface VerifyOptions {
  /** Ed25519 public key: checkpoints and markers must then be signed by it. */
  readonly publicKey?: KeyObject;
}

/**
 * Verifies files that follow each other, oldest first. The first line of the first file is taken as the beginning: what came before it
 * may have been removed by retention. A part of a line is accepted where the next line says that a crash or a failed write left it.
 * Rejects only when a file cannot be read.
 */
export async function verifyAuditFiles(paths: readonly string[], options: VerifyOptions = {}): Promise<AuditReport> {
  const verifier = new Verifier(options.publicKey);
  for (const path of paths) {
    for await (const line of fileLines(path)) {
      const bad = verifier.line(path, line);
      if (bad) return bad;
    }
  }
  return verifier.report();
}

interface Place {
  readonly file: string;
  readonly line: number;
}

class Verifier {
  readonly #key: KeyObject | undefined;
  #last: ChainPoint | undefined;
  #beforeLast: ChainPoint | undefined;
  #first = 0;
  #lines = 0;
  #torn: Place | undefined;
  #lastCheckpoint: FoundCheckpoint | undefined;
  readonly #recovered: { from: number; to: number }[] = [];

  constructor(key: KeyObject | undefined) {
    this.#key = key;
  }

  /** Takes the next line; gives a report when it is a bad one. */
  line(file: string, { bytes, number, complete }: FileLine): AuditReport | undefined {
    const place = { file, line: number };
    const read = complete ? readChained(bytes.toString('utf8')) : undefined;
    if (!read) {
      this.#torn ??= place;
      return undefined;
    }
    const wrong = read.type === 'recovered' ? this.#recovery(read) : (this.#unexplained(read) ?? this.#chained(read));
    if (wrong !== undefined) {
      const at = wrong === tornInside && this.#torn ? this.#torn : place;
      return this.#bad(at, wrong, wrong === tornInside ? undefined : read.seq);
    }
    this.#torn = undefined;
    if (read.type === 'recovered') return undefined;
    const forged = read.type === 'checkpoint' ? this.#checkpoint(read, place) : undefined;
    if (forged !== undefined) return this.#bad(place, forged, read.seq);
    if (this.#lines++ === 0) this.#first = read.seq;
    this.#beforeLast = this.#last;
    this.#last = { seq: read.seq, hash: lineHash(bytes) };
    return undefined;
  }

  report(): AuditReport {
    return {
      ok: true,
      lines: this.#lines,
      first: this.#first,
      last: this.#last?.seq ?? 0,
      tornTail: this.#torn !== undefined,
      recovered: this.#recovered,
      ...(this.#lastCheckpoint ? { lastCheckpoint: this.#lastCheckpoint } : {}),
    };
  }

  #bad({ file, line }: Place, what: string, seq: number | undefined): AuditReport {
    const found = this.#lastCheckpoint ? { lastCheckpoint: this.#lastCheckpoint } : {};
    return { ok: false, file, line, what, ...(seq === undefined ? {} : { seq }), ...found };
  }

  /** A torn line needs a start line after a crash, or a marker, right behind it. */
  #unexplained({ type, members }: ChainedLine): string | undefined {
    return this.#torn && !(type === 'start' && members['previous'] === 'crashed') ? tornInside : undefined;
  }

  #chained({ seq, prev, type, members }: ChainedLine): string | undefined {
    // A line that a crash cut just before its newline looks whole, but the run after it did not count it.
    const uncounted = type === 'start' && members['previous'] === 'crashed' && seq === this.#last?.seq && prev === this.#beforeLast?.hash;
    if (uncounted) return undefined;
    if (!this.#last) return seq === 1 && prev !== chainStart ? 'the first line of the chain does not start it' : undefined;
    if (seq !== this.#last.seq + 1) return `expected line ${this.#last.seq + 1} of the chain`;
    return prev === this.#last.hash ? undefined : 'the hash of the line before does not match: that line or this one was changed';
  }

  #recovery({ seq, prev, members }: ChainedLine): string | undefined {
    const { from, anchor, time, head } = members;
    if (typeof from !== 'number' || typeof anchor !== 'string' || typeof time !== 'string' || typeof head !== 'number' || from > seq)
      return 'a malformed recovery marker';
    const message = recoveryMessage({ from, anchor, seq, prev, time, head });
    if (this.#key && !signatureValid(message, members['sig'], this.#key)) return 'a recovery marker without a valid signature';
    if (this.#last) {
      if (this.#last.seq < from - 1 || this.#last.seq > seq) return 'a recovery marker for other lines than those that are missing';
      if (this.#last.seq === from - 1 && this.#last.hash !== anchor) return 'the line before the recovered ones was changed';
      if (this.#last.seq === seq && this.#last.hash !== prev) return 'a recovery marker for a line that was changed';
    }
    this.#recovered.push({ from, to: seq });
    this.#last = { seq, hash: prev };
    return undefined;
  }

  #checkpoint({ seq, prev, members }: ChainedLine, place: Place): string | undefined {
    const { time, head, stop } = members;
    if (typeof time !== 'string' || typeof head !== 'number' || typeof stop !== 'boolean') return 'a malformed checkpoint';
    const stated: Checkpoint = { seq, prev, time, head, stop };
    if (this.#key && !signatureValid(checkpointMessage(stated), members['sig'], this.#key)) return 'a checkpoint without a valid signature';
    this.#lastCheckpoint = { ...stated, ...place, verified: this.#key !== undefined };
    return undefined;
  }
}

const tornInside = 'not a whole line of the chain, and nothing after it explains that';
