/** Times as the wire writes them. */

/** RFC 3339 with nine digits of a second, as Go prints it. @param at milliseconds since 1970 */
export function rfc3339(at: number): string {
  return `${new Date(at).toISOString().slice(0, -1)}000000Z`;
}
