/** A sink for tests that keeps what it was given, and fails or hangs on demand. */
import type { AuditSink } from '@strongroom/sdk-plugin';

/** What the next call of `append` does. */
export type Behaviour =
  | { readonly kind: 'take' }
  /** Rejects after taking so many bytes. */
  | { readonly kind: 'fail'; readonly bytes: number }
  /** Neither resolves nor rejects until `release` is called. */
  | { readonly kind: 'hang' };

/** Keeps lines as a file would: after a failed batch the next begins on a line of its own. */
export class MemorySink implements AuditSink {
  /** Everything that was taken. */
  text: string;
  /** The batches as they were offered. */
  readonly batches: Uint8Array[] = [];
  readonly calls: string[] = [];
  behaviour: Behaviour = { kind: 'take' };
  overlaps = 0;
  /** Syncs that were asked for, and those that were carried out; they wait for `releaseSyncs` while `syncsHang`. */
  syncs = 0;
  synced = 0;
  syncsHang = false;
  #releaseSyncs: () => void = () => undefined;
  #busy = 0;
  #release: (outcome: 'take' | 'fail') => void = () => undefined;

  constructor(text = '') {
    this.text = text;
  }

  async append(batch: Uint8Array): Promise<void> {
    if (this.#busy++ > 0) this.overlaps++;
    try {
      this.batches.push(batch);
      this.calls.push('append');
      const { behaviour } = this;
      const hung = behaviour.kind === 'hang' ? await new Promise<'take' | 'fail'>((resolve) => (this.#release = resolve)) : 'take';
      await Promise.resolve();
      const lines = Buffer.from(batch);
      const taken = behaviour.kind === 'fail' ? behaviour.bytes : hung === 'fail' ? 0 : lines.length;
      if (this.text !== '' && !this.text.endsWith('\n')) this.text += '\n';
      this.text += lines.subarray(0, taken).toString();
      if (behaviour.kind === 'fail' || hung === 'fail') throw new Error('no space');
    } finally {
      this.#busy--;
    }
  }

  async sync(): Promise<void> {
    this.syncs++;
    if (this.syncsHang) await new Promise<void>((resolve) => (this.#releaseSyncs = resolve));
    this.synced++;
  }

  /** Lets a hanging sync end. */
  releaseSyncs(): void {
    this.#releaseSyncs();
  }

  /** Ends a hanging call. */
  release(outcome: 'take' | 'fail'): void {
    this.#release(outcome);
  }

  lastLine(accept: (line: string) => boolean = () => true): Promise<string | undefined> {
    return Promise.resolve(this.text.split('\n').slice(0, -1).findLast(accept));
  }

  reopen(): Promise<void> {
    if (this.#busy > 0) this.overlaps++;
    this.calls.push('reopen');
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.calls.push('close');
    return Promise.resolve();
  }

  /** The complete lines, parsed. */
  lines(): readonly Readonly<Record<string, unknown>>[] {
    return this.text.split('\n').flatMap((line) => {
      try {
        return [JSON.parse(line) as Readonly<Record<string, unknown>>];
      } catch {
        return [];
      }
    });
  }
}
