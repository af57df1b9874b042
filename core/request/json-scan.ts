/**
 * The limiter before parsing: counts what a JSON text would cost `JSON.parse` by looking at its bytes once, and notes where the
 * top-level members stand so that user data can be kept as it was written. It does not validate: `JSON.parse` does, afterwards.
 */
import { StrongroomError } from '../errors.ts';

/** Bounds of one JSON text. */
export interface JsonLimits {
  /** Values, keys and brackets. */
  readonly tokensMax: number;
  readonly depthMax: number;
}

/** A top-level member. */
export interface Member {
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly start: number;
  readonly end: number;
}

/** What one pass over the bytes tells. */
export interface JsonScan {
  /** Where the top-level members stand, in bytes, ends exclusive; `key` with its quotes. */
  readonly members: readonly Member[];
  /** Object members at every depth, duplicates included. */
  readonly keys: number;
}

const [quote, backslash, colon, comma] = [0x22, 0x5c, 0x3a, 0x2c];
const [openObject, closeObject, openArray, closeArray] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Scans the bytes of a JSON text. @throws StrongroomError `too-large` naming the bound that was passed */
export function scanJson(bytes: Uint8Array, limits: JsonLimits): JsonScan {
  const members: Member[] = [];
  let [keyStart, keyEnd] = [0, 0];
  let depth = 0;
  let tokens = 1;
  let keys = 0;
  let memberStart = -1;
  for (let i = 0; i < bytes.length; i++) {
    switch (bytes[i]!) {
      case quote: {
        tokens++;
        const from = i;
        for (i++; i < bytes.length && bytes[i] !== quote; i++) if (bytes[i] === backslash) i++;
        if (depth === 1 && memberStart < 0) [keyStart, keyEnd] = [from, i + 1];
        break;
      }
      case openObject:
      case openArray: {
        tokens += 2;
        if (++depth > limits.depthMax) throw new StrongroomError('too-large', `request body: JSON nested deeper than ${limits.depthMax}`);
        break;
      }
      case closeObject:
      case closeArray: {
        if (--depth === 0 && memberStart >= 0) {
          members.push({ keyStart, keyEnd, start: memberStart, end: i });
          memberStart = -1;
        }
        break;
      }
      case colon: {
        keys++;
        if (depth === 1) memberStart = i + 1;
        break;
      }
      case comma: {
        tokens++;
        if (depth === 1 && memberStart >= 0) {
          members.push({ keyStart, keyEnd, start: memberStart, end: i });
          memberStart = -1;
        }
        break;
      }
    }
    if (tokens > limits.tokensMax) throw new StrongroomError('too-large', `request body: more than ${limits.tokensMax} JSON tokens`);
  }
  return { members, keys };
}
