/** Times in tables, as `vault` writes them. */

/** Tells by a field's name that its number is seconds. */
export function looksLikeDuration(name: string): boolean {
  return /^(period|ttl|duration|lease_max|ttl_max)$|_(period|ttl|duration)$/.test(name);
}

/** Writes whole seconds as `768h`, `1h30m5s` or `0s`; anything else stays as it is. */
export function durationText(seconds: string): string {
  if (!/^[0-9]{1,15}$/.test(seconds)) return seconds;
  const all = Number(seconds);
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  const text = `${h > 0 ? `${h}h` : ''}${m > 0 ? `${m}m` : ''}${s > 0 ? `${s}s` : ''}`;
  return text === '' ? '0s' : text;
}
