/**
 * Ends a worker whose memory has grown too large, from outside. V8's own limit alone would not do: it counts no buffers, and when one allocation
 * goes beyond it by more than the little that Node adds, as a growing Map's does, V8 ends the whole process. So that limit is set far above, and
 * never reached.
 */
import type { Worker } from 'node:worker_threads';

const everyMs = 50;
/** What has only just been made is counted too. */
const youngMiB = 64;
/** Collecting garbage takes the worker at most a part of its time, as long as there is less than twice what it may use. */
const collectingPart = 20;
/** What one allocation may add between two looks. */
const ceilingMiB = 2000;
const ceilingFactor = 3;
const mebibyte = 1_048_576;

/** V8's limit for a worker whose memory is watched. @param memoryMiB what it may use */
export function heapCeilingMiB(memoryMiB: number): number {
  return Math.max(ceilingMiB, ceilingFactor * memoryMiB);
}

/** Looks at a worker while it is busy. */
export class HeapWatch {
  readonly #timer: NodeJS.Timeout;
  readonly #mostMiB: number;
  #looking = false;
  /** Of `performance.now()`. */
  #quietUntil = 0;

  /** @param busy the worker that is running calls now, if any @param exceeded told with the reason, perhaps more than once */
  constructor(memoryMiB: number, busy: () => Worker | undefined, exceeded: (reason: string) => void) {
    this.#mostMiB = memoryMiB + youngMiB;
    const look = async (worker: Worker): Promise<void> => {
      try {
        if (await this.#isBeyond(worker)) exceeded(`its memory has grown beyond ${this.#mostMiB} MiB`);
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

  /** Whether what lives in it is too much: garbage is collected before that is said. */
  async #isBeyond(worker: Worker): Promise<boolean> {
    const from = performance.now();
    if ((await usedMiB(worker)) <= this.#mostMiB * (from < this.#quietUntil ? 2 : 1)) return false;
    let beyond = true;
    // Buffers that the first has found may be given back only when the next begins.
    for (let times = 0; beyond && times < 2; times += 1) {
      await collect(worker);
      beyond = (await usedMiB(worker)) > this.#mostMiB;
    }
    const now = performance.now();
    this.#quietUntil = now + collectingPart * (now - from);
    return beyond;
  }

  /** Stops looking. */
  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Of its heap and of its buffers. */
async function usedMiB(worker: Worker): Promise<number> {
  const { used_heap_size: heap, external_memory: buffers } = await worker.getHeapStatistics();
  return (heap + buffers) / mebibyte;
}

/** The way there is to have another thread collect its garbage: a profile of nothing. */
async function collect(worker: Worker): Promise<void> {
  const profile = await worker.startHeapProfile({ forceGC: true, sampleInterval: Number.MAX_SAFE_INTEGER, stackDepth: 1 });
  await profile.stop();
}
