/** Lengths of time as operators write them. */
import { StrongroomError } from '../errors.ts';

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * Gives whole seconds of a number, decimal text, or text such as "1h30m" or "32d".
 * @throws StrongroomError `invalid` for other text; quotes nothing of it
 */
export function parseSeconds(duration: string | number): number {
  if (typeof duration === 'number') return duration;
  if (/^[0-9]+$/.test(duration)) return Number(duration);
  if (!/^([0-9]+[smhd])+$/.test(duration)) throw new StrongroomError('invalid', 'expected a duration such as "90s", "1h30m" or "32d"');
  let seconds = 0;
  for (const [, count, unit] of duration.matchAll(/([0-9]+)([smhd])/g)) seconds += Number(count) * (secondsOf[unit ?? ''] ?? 0);
  return seconds;
}
