/**
 * User JSON as it was written. `JSON.parse` loses 12345678901234567890, 1.0 and 1e400 and mistreats `__proto__`; an engine that
 * only stores such data never parses it.
 */

/** JSON text, known to be valid, carried verbatim. The host splices it into answers as it is. */
export class OpaqueJson {
  readonly text: string;

  /** @param text valid JSON; the caller vouches for it (the host's scanner, or this module). */
  constructor(text: string) {
    this.text = text;
  }
}
