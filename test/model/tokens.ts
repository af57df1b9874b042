/** The tokens that the clients of the model make, use and revoke, and what may never be answered for them. */
import type { RawAnswer } from '../harness/client.ts';

/** One use of a token. Moments are those of the history. */
interface Use {
  readonly invoked: number;
  readonly returned: number;
  /** Undefined when no answer came. */
  readonly status: number | undefined;
}

/** A token and all that was done with it. */
export class ModelToken {
  readonly id: string;
  /** The token that made it: its revocation is this one's, too. */
  readonly parent: ModelToken | undefined;
  /** 0 for any number. */
  readonly usesMax: number;
  /** Nothing of it is stored; it ends with its parent however that ends, and can't be revoked itself. */
  readonly batch: boolean;
  created: number | undefined;
  /** `alone`: without its children, which are then nobody's. */
  revocation: { readonly invoked: number; returned: number | undefined; readonly alone: boolean } | undefined;
  readonly uses: Use[] = [];

  constructor(id: string, usesMax: number, parent?: ModelToken, batch = false) {
    this.id = id;
    this.usesMax = usesMax;
    this.parent = parent;
    this.batch = batch;
  }

  /** It and the tokens above it that it ends with. */
  get line(): readonly ModelToken[] {
    const released = !this.batch && this.parent?.revocation?.alone === true;
    return [this, ...(released ? [] : (this.parent?.line ?? []))];
  }

  /** Whether nobody knows if it ends with those above it: one was to be revoked alone, and no answer came. */
  get uncertain(): boolean {
    const above = this.parent?.revocation;
    return (above?.alone === true && above.returned === undefined) || this.parent?.uncertain === true;
  }

  used(invoked: number, returned: number, answer: RawAnswer | undefined): void {
    this.uses.push({ invoked, returned, status: answer?.status });
  }

  /** What was answered and may not have been. */
  faults(): readonly string[] {
    const faults: string[] = [];
    const answered = this.uses.filter(({ status }) => status === 200);
    if (this.usesMax > 0 && answered.length > this.usesMax) faults.push(`${this.id}: ${answered.length} uses of ${this.usesMax}`);
    for (const { id, revocation } of this.line) {
      const revokedAt = revocation?.returned;
      if (revokedAt !== undefined && answered.some(({ invoked }) => invoked > revokedAt))
        faults.push(`${this.id}: answered after the revocation of ${id === this.id ? 'itself' : 'a token above it'}`);
    }
    const created = this.created;
    const until = Math.min(...this.line.map(({ revocation }) => revocation?.invoked ?? Number.POSITIVE_INFINITY));
    const refused = this.uses.some(
      ({ invoked, returned, status }) => status === 403 && created !== undefined && invoked > created && returned < until,
    );
    if (this.usesMax === 0 && refused && !this.uncertain) faults.push(`${this.id}: refused although it was there`);
    return faults;
  }
}
