/** Durations as policies write them. */

const units: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of `"90"`, `"1h30m"`, `"1.5h"`, `"2d"`; undefined when it is none of these or beyond 2^53. */
export function parseDuration(text: string): number | undefined {
  if (text.length > 64) return undefined;
  const seconds = /^\d+$/u.test(text) ? Number(text) : sumOfUnits(text);
  return seconds !== undefined && seconds <= Number.MAX_SAFE_INTEGER ? seconds : undefined;
}

function sumOfUnits(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|[smhd]))+$/u.test(text)) return undefined;
  let sum = 0;
  for (const [, amount = '0', unit = 's'] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|[smhd])/gu))
    sum += Number(amount) * (units[unit] ?? 0);
  return sum;
}
