/** How what has failed outside is tried again. */

const retryMs = { first: 1000, max: 3_600_000 } as const;

/** How long to wait after so many failed tries: longer and longer. */
export function retryWaitMs(attempts: number): number {
  return Math.min(retryMs.max, retryMs.first * 2 ** Math.min(attempts - 1, 20));
}
