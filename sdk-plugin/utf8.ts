/** UTF-8, natively where the engine has it and portably where not. */
import { decodeUtf8Portably, encodeUtf8Portably, malformed } from './utf8-portably.ts';

export { decodeUtf8Portably, encodeUtf8Portably, utf8Length } from './utf8-portably.ts';

/** What the engine itself has: forty times faster on a secret of 1 KiB. */
interface NativeDecoder {
  decode(bytes: Uint8Array): string;
}
interface NativeEncoder {
  encode(text: string): Uint8Array;
}
type Engine = {
  readonly TextDecoder?: new (label: string, options: { readonly fatal: true; readonly ignoreBOM: true }) => NativeDecoder;
  readonly TextEncoder?: new () => NativeEncoder;
};
// The types of no platform are loaded here: what the engine has is looked up.
const { TextDecoder: Decoder, TextEncoder: Encoder } = globalThis as Engine;
const decoder = Decoder && new Decoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = Encoder && new Encoder();

/** Encodes text; a lone surrogate becomes U+FFFD, as TextEncoder has it. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder ? encoder.encode(text) : encodeUtf8Portably(text);
}

/**
 * Decodes bytes.
 * @throws RangeError for anything that is not well-formed UTF-8: overlong forms, surrogates, points over U+10FFFF, cut sequences
 */
export function decodeUtf8(bytes: Uint8Array): string {
  if (!decoder) return decodeUtf8Portably(bytes);
  try {
    return decoder.decode(bytes);
  } catch {
    throw malformed();
  }
}
