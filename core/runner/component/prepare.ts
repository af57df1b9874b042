/**
 * Makes a component ready to run, once per process: kept in memory by the hash of its bytes. A cache on disk would save half a second at
 * the start, and be code that whoever may write there runs in the host.
 */
import { createHash } from 'node:crypto';
import { Piscina } from 'piscina';
import { StrongroomError } from '../../errors.ts';
import type { Prepared, TranspileResult } from './transpile-task.ts';

const deadlineMs = 30_000;
const transpilerHeapMiB = 1024;

/** Components that were made ready, by hash and memory. */
export class PreparedComponents {
  readonly #prepared = new Map<string, Promise<Prepared>>();

  /**
   * The component, compiled.
   * @param name names it in a refusal
   * @param memoryMiB what all memories of an instance may have together
   * @throws StrongroomError `unavailable` saying why it is refused
   */
  get(name: string, bytes: Uint8Array, memoryMiB: number): Promise<Prepared> {
    const key = `${createHash('sha256').update(bytes).digest('hex')}/${memoryMiB}`;
    let preparing = this.#prepared.get(key);
    if (preparing === undefined) {
      preparing = prepare(name, bytes, memoryMiB);
      this.#prepared.set(key, preparing);
      preparing.catch(() => this.#prepared.delete(key));
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
