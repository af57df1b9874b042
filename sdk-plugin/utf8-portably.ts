/**
 * UTF-8 in any engine, without what it may bring for it.
 *
 * @source RFC 3629
 */

/** As `encodeUtf8`, in any engine. */
export function encodeUtf8Portably(text: string): Uint8Array {
  const bytes = new Uint8Array(utf8Length(text));
  let at = 0;
  for (let index = 0; index < text.length; index += 1) {
    let point = text.charCodeAt(index);
    if (point >= 0xd800 && point <= 0xdfff) {
      point = text.codePointAt(index) ?? 0;
      if (point > 0xffff) index += 1;
      else point = 0xfffd;
    }
    if (point < 0x80) bytes[at++] = point;
    else if (point < 0x800) {
      bytes[at++] = 0xc0 | (point >> 6);
      bytes[at++] = 0x80 | (point & 0x3f);
    } else {
      if (point < 0x10000) bytes[at++] = 0xe0 | (point >> 12);
      else {
        bytes[at++] = 0xf0 | (point >> 18);
        bytes[at++] = 0x80 | ((point >> 12) & 0x3f);
      }
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[at++] = 0x80 | (point & 0x3f);
    }
  }
  return bytes;
}

/** Counts the bytes that `encodeUtf8` would make. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 ? 1 : 2;
    // A surrogate pair is two units (counted above) and four bytes in all.
    if (unit >= 0xd800 && unit <= 0xdbff && (text.codePointAt(index) ?? 0) > 0xffff) index += 1;
  }
  return bytes;
}

/** As `decodeUtf8`, in any engine. */
export function decodeUtf8Portably(bytes: Uint8Array): string {
  const parts: string[] = [];
  let units: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at++] ?? 0;
    if (first < 0x80) units.push(first);
    else {
      const length = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
      let point = first & (0x3f >> length);
      for (let index = 0; index < length; index += 1) {
        const next = bytes[at++] ?? 0;
        if ((next & 0xc0) !== 0x80) throw malformed();
        point = (point << 6) | (next & 0x3f);
      }
      if (first < 0xc2 || first > 0xf4 || point < (smallest[length] ?? 0) || point > 0x10ffff) throw malformed();
      if (point >= 0xd800 && point <= 0xdfff) throw malformed();
      if (point > 0xffff) units.push(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + (point & 0x3ff));
      else units.push(point);
    }
    if (units.length >= 4096) {
      parts.push(String.fromCharCode(...units));
      units = [];
    }
  }
  parts.push(String.fromCharCode(...units));
  return parts.join('');
}

/** The smallest code point of a sequence with so many continuation bytes: anything below is an overlong form. */
const smallest: readonly number[] = [0, 0x80, 0x800, 0x10000];

/** What nobody can decode. */
export function malformed(): RangeError {
  return new RangeError('malformed UTF-8');
}
