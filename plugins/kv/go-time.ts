/** Times and durations as Go prints them: what Vault's clients parse. */

/** Formats a time as RFC 3339 with nanoseconds: `2018-03-22T02:24:06.945000000Z`; '' for undefined. @param unixMs milliseconds since 1970 */
export function formatTime(unixMs: number | undefined): string {
  return unixMs === undefined ? '' : `${new Date(unixMs).toISOString().slice(0, -1)}000000Z`;
}

/** Formats a length of time: `0s`, `1m30s`, `3h25m19s`. @param seconds whole, not negative */
export function formatDuration(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  if (hours > 0) return `${hours}h${minutes}m${seconds % 60}s`;
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}
