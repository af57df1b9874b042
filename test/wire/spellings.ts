/** Ways to write a name, right and wrong, for attempts to get around a rule about it. */

/** Verbs, known and unknown. */
export const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'LIST', 'SCAN', 'HEAD', 'OPTIONS', 'LINK'] as const;

/**
 * Spellings of the last segment of a path, as they stand in a request line.
 * @param name begins with a lower-case ASCII letter
 * @param parent the segment before it
 */
export function spellingsOf(name: string, parent: string): readonly string[] {
  const rest = name.slice(1);
  const code = name.charCodeAt(0);
  const encoded = `${code.toString(16)}${rest}`;
  const wide = `%EF%BD%${(code + 0x20).toString(16)}${rest}`;
  const before = ['/', './', '%2e/', '%2f', 'y/../', 'y/%2e%2e/', `${name}${name}/../`, `..%2f${parent}/`, '\\', `${name}/%2e%2e/`];
  const after = ['/', '%2f', '%2F', '//', '/.', '/%2e', '%00', '%20', '%09', '%0a', ';', '%3b', '%5c', '#', '%23', '%c0%af'];
  const queries = ['?', '?list=true', '/?list=1', '?scan=true', '?version=1', '%3flist=true', '?help=1'];
  const letters = [name.toUpperCase(), `%${encoded}`, `%${encoded}/`, `%25${encoded}`, wide, `${name}\u0301`, `${name}%cc%81`];
  const patterns = ['*', `${name}*`, '+', `${name}%2a`, `${name}/below/..`];
  return [name, ...before.map((text) => text + name), ...[...after, ...queries].map((text) => name + text), ...letters, ...patterns];
}
