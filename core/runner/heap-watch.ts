/**
 * Ends a worker whose heap has grown too large, from outside. V8's own limit alone would not do: when one allocation goes beyond it by more
 * than the little that Node adds, as a growing Map's does, V8 ends the whole process. So that limit is set far above, and never reached.
 */
import type { Worker } from 'node:worker_threads';

const everyMs = 50;
/** V8 lets garbage grow to about as much as what lives before it collects it. */
const garbageFactor = 2;
/** What has only just been made is counted too. */
const youngMiB = 64;
/** What one allocation may add between two looks. */
const ceilingMiB = 2000;
const ceilingFactor = 3;
const mebibyte = 1_048_576;

/** V8's limit for a worker whose heap is watched. @param heapMiB what it may use */
export function heapCeilingMiB(heapMiB: number): number {
  return Math.max(ceilingMiB, ceilingFactor * heapMiB);
}

/** Looks at a worker while it is busy. */
export class HeapWatch {
  readonly #timer: NodeJS.Timeout;
  #looking = false;

  /** @param busy the worker that is running calls now, if any @param exceeded told with the reason, perhaps more than once */
  constructor(heapMiB: number, busy: () => Worker | undefined, exceeded: (reason: string) => void) {
    const mostMiB = garbageFactor * heapMiB + youngMiB;
    const look = async (worker: Worker): Promise<void> => {
      try {
        const { used_heap_size: used } = await worker.getHeapStatistics();
        if (used > mostMiB * mebibyte) exceeded(`its heap has grown beyond ${mostMiB} MiB`);
      } catch {
        // It has ended meanwhile.
      } finally {
        this.#looking = false;
      }
    };
    this.#timer = setInterval(() => {
      const worker = this.#looking ? undefined : busy();
      if (worker === undefined) return;
      this.#looking = true;
      void look(worker);
    }, everyMs);
    this.#timer.unref();
  }

  /** Stops looking. */
  stop(): void {
    clearInterval(this.#timer);
  }
}
