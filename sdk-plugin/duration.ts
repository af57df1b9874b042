/** Lengths of time as Vault's clients write them. */

const unitSeconds: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86_400 };

/** Whole seconds of a number, decimal text or Go duration; the value itself when it is none of these. */
export function parseSeconds(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  if (text === '') return 0;
  if (/^-?\d{1,16}$/.test(text)) return Number(text);
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d))+$/.test(text) || text.length > 64) return value;
  let seconds = 0;
  for (const [, amount, , unit] of text.matchAll(/(\d+(\.\d+)?)(ns|us|µs|ms|s|m|h|d)/g)) seconds += Number(amount) * unitSeconds[unit!]!;
  return Math.floor(seconds);
}
