/** Checks audit files: `strongroom audit verify`, and the comparison of heads at unseal. */
import type { KeyObject } from 'node:crypto';
import { ChainWalk, tornInside, type FoundGap } from './chain-walk.ts';
import { lineHash, readChained, type ChainedLine } from './chain.ts';
import { checkpointMessage, lostMessage, signatureValid, type Checkpoint, type Gap } from './checkpoint.ts';
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
      /** Ranges of lines that a power cut took before they were synced, as the next run found and marked; empty ones (`to` < `from`) held only markers. */
      readonly lost: readonly { readonly from: number; readonly to: number }[];
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
 * may have been removed by retention. A part of a line is accepted where the next line says that a crash or a failed write left it, zeros in
 * place of lines where a later marker names exactly them.
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

/** A gap that no marker has explained yet, and the report that it makes if none does. */
interface OpenGap {
  readonly gap: FoundGap;
  readonly report: AuditReport;
}

class Verifier {
  readonly #key: KeyObject | undefined;
  readonly #walk: ChainWalk;
  #first = 0;
  #lines = 0;
  #torn: Place | undefined;
  /** The highest line that a checkpoint says to be on disk. */
  #synced = 0;
  #open: readonly OpenGap[] = [];
  #gapBeforeLast = false;
  #lastCheckpoint: FoundCheckpoint | undefined;
  readonly #recovered: { from: number; to: number }[] = [];
  readonly #lost: { from: number; to: number }[] = [];

  constructor(key: KeyObject | undefined) {
    this.#key = key;
    this.#walk = new ChainWalk(key);
  }

  /** Takes the next line; gives a report when it is a bad one. */
  line(file: string, { bytes, number, complete }: FileLine): AuditReport | undefined {
    const place = { file, line: number };
    const read = complete ? readChained(bytes.toString('utf8')) : undefined;
    if (!read) {
      this.#torn ??= place;
      this.#walk.unreadable(bytes.includes(0));
      return undefined;
    }
    const step = this.#walk.line(read, lineHash(bytes));
    const torn = this.#torn ?? place;
    if (step.kind === 'wrong')
      return this.#bad(step.what === tornInside ? torn : place, step.what, step.what === tornInside ? undefined : read.seq);
    this.#torn = undefined;
    if (step.kind === 'follows-torn' && this.#gapBeforeLast) this.#open = this.#open.slice(0, -1);
    this.#gapBeforeLast = step.kind === 'gap';
    if (step.kind === 'gap') this.#open = [...this.#open, { gap: step.gap, report: this.#badAt(torn, tornInside, undefined) }];
    const what = this.#statement(read, place);
    if (what !== undefined) return this.#bad(place, what, read.seq);
    if (read.type !== 'recovered' && this.#lines++ === 0) this.#first = read.seq;
    return undefined;
  }

  report(): AuditReport {
    const [open] = this.#open;
    if (open) return open.report;
    return {
      ok: true,
      lines: this.#lines,
      first: this.#first,
      last: this.#walk.last?.seq ?? 0,
      tornTail: this.#torn !== undefined,
      recovered: this.#recovered,
      lost: this.#lost,
      ...(this.#lastCheckpoint ? { lastCheckpoint: this.#lastCheckpoint } : {}),
    };
  }

  /** The first bad place: a gap that waits for its marker came before. */
  #bad(place: Place, what: string, seq: number | undefined): AuditReport {
    return this.#open[0]?.report ?? this.#badAt(place, what, seq);
  }

  #badAt({ file, line }: Place, what: string, seq: number | undefined): AuditReport {
    const found = this.#lastCheckpoint ? { lastCheckpoint: this.#lastCheckpoint } : {};
    return { ok: false, file, line, what, ...(seq === undefined ? {} : { seq }), ...found };
  }

  /** Takes what a line says about the log; gives what is wrong with it. */
  #statement(read: ChainedLine, place: Place): string | undefined {
    if (read.type === 'checkpoint') return this.#checkpoint(read, place);
    if (read.type === 'lost') return this.#lostLines(read);
    if (read.type === 'recovered') this.#recovered.push({ from: Number(read.members['from']), to: read.seq });
    return undefined;
  }

  #checkpoint({ seq, prev, members }: ChainedLine, place: Place): string | undefined {
    const { time, head, synced, stop } = members;
    if (typeof time !== 'string' || typeof head !== 'number' || typeof synced !== 'number' || typeof stop !== 'boolean')
      return 'a malformed checkpoint';
    const stated: Checkpoint = { seq, prev, time, head, synced, stop };
    if (this.#key && !signatureValid(checkpointMessage(stated), members['sig'], this.#key)) return 'a checkpoint without a valid signature';
    this.#synced = Math.max(this.#synced, synced);
    this.#lastCheckpoint = { ...stated, ...place, verified: this.#key !== undefined };
    return undefined;
  }

  /** A marker explains the gaps that it names, but none of lines that were on disk. Those that it names for another sink are not here. */
  #lostLines({ seq, prev, members }: ChainedLine): string | undefined {
    const { time, head, sink, gaps } = members;
    if (typeof time !== 'string' || typeof head !== 'number' || typeof sink !== 'string' || !Array.isArray(gaps) || !gaps.every(isGap))
      return 'a malformed marker of lost lines';
    const message = lostMessage({ seq, prev, time, head, sink, gaps });
    if (this.#key && !signatureValid(message, members['sig'], this.#key)) return 'a marker of lost lines without a valid signature';
    const explained = ({ gap: found }: OpenGap): boolean =>
      gaps.some(
        (gap) =>
          gap.from > this.#synced &&
          gap.to === found.to &&
          gap.next === found.next &&
          (found.anchor === undefined || (gap.from === found.from && gap.anchor === found.anchor)),
      );
    for (const { gap } of this.#open.filter(explained)) this.#lost.push({ from: gap.from, to: gap.to });
    this.#open = this.#open.filter((open) => !explained(open));
    return undefined;
  }
}

function isGap(value: unknown): value is Gap {
  if (typeof value !== 'object' || value === null) return false;
  const { from, anchor, to, next } = value as Readonly<Record<string, unknown>>;
  return typeof from === 'number' && typeof to === 'number' && typeof anchor === 'string' && typeof next === 'string';
}
