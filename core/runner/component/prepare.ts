/**
 * Makes a component ready to run, once per start of the server: kept in memory by the hash of its bytes. A cache on disk would save half a second at
 * the start, and be code that whoever may write there runs in the host.
 */
import { createHash } from 'node:crypto';
import { Piscina } from 'piscina';
import { StrongroomError } from '../../errors.ts';
import type { Prepared, TranspileResult } from './transpile-task.ts';

const deadlineMs = 30_000;
const transpilerHeapMiB = 1024;

/** A component in the catalog. */
export class ComponentSource {
  readonly #name: string;
  readonly #read: () => Uint8Array;
  readonly #memoryMiB: number;
  readonly #prepared = new Map<string, Promise<Prepared>>();

  /**
   * @param name names it in a refusal
   * @param read gives its bytes, or throws a StrongroomError `unavailable`
   * @param memoryMiB what all memories of an instance may have together
   */
  constructor(name: string, read: () => Uint8Array, memoryMiB: number) {
    this.#name = name;
    this.#read = read;
    this.#memoryMiB = memoryMiB;
  }

  /** The component, compiled. @throws StrongroomError `unavailable` saying why it is refused */
  prepare(): Promise<Prepared> {
    // What is hashed is what is compiled, whatever the file becomes meanwhile.
    const bytes = this.#read();
    const hash = createHash('sha256').update(bytes).digest('hex');
    let preparing = this.#prepared.get(hash);
    if (preparing === undefined) {
      preparing = prepare(this.#name, bytes, this.#memoryMiB);
      this.#prepared.clear();
      this.#prepared.set(hash, preparing);
      preparing.catch(() => this.#prepared.delete(hash));
    }
    return preparing;
  }
}

async function prepare(name: string, bytes: Uint8Array, memoryMiB: number): Promise<Prepared> {
  const pool = new Piscina({
    filename: new URL('transpile-task.ts', import.meta.url).href,
    maxThreads: 1,
    resourceLimits: { maxOldGenerationSizeMb: transpilerHeapMiB },
    env: {},
    argv: [],
  });
  pool.on('error', () => {});
  let result: TranspileResult;
  try {
    result = (await pool.run({ bytes, memoryMiB }, { signal: AbortSignal.timeout(deadlineMs) })) as TranspileResult;
  } catch (error) {
    const late = error instanceof Error && error.name === 'AbortError';
    result = { kind: 'refused', why: late ? `it is not compiled within ${deadlineMs} ms` : 'compiling it failed' };
  } finally {
    await pool.destroy();
  }
  if (result.kind === 'refused') throw new StrongroomError('unavailable', `plugin ${name}: the component is refused: ${result.why}`);
  return result.prepared;
}
