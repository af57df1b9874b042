/**
 * What engines expect of JavaScript and a component's QuickJS lacks or has wrong: UTF-8 by the host's functions (utf8.ts picks the two
 * classes up by itself), a Math.random that the build's snapshot has not seeded for all instances alike, and no clock but `ctx.now()`,
 * because WASI's is a trap here. Import it before anything that encodes or decodes text.
 */
import host from 'strongroom:plugin/host@1.0.0';
import { decodeUtf8Portably, encodeUtf8Portably } from '../utf8-portably.ts';

/** While the component is built its modules are evaluated, and there is no host yet. */
let live = false;

/** Says that there is a host. */
export function goLive(): void {
  live = true;
}

class HostDecoder {
  decode(bytes: Uint8Array): string {
    return live ? host.toText(bytes) : decodeUtf8Portably(bytes);
  }
}

class HostEncoder {
  encode(text: string): Uint8Array {
    return live ? host.toBytes(text.toWellFormed()) : encodeUtf8Portably(text);
  }
}

function noClock(): never {
  throw new Error('a plugin has no clock: use ctx.now()');
}

const Native = Date;
class DateWithoutClock extends Native {
  constructor(...args: readonly [] | readonly [number | string | Date]) {
    // By position: to take an array apart costs a component an iterator.
    if (args.length === 1) super(args[0]);
    else if (args.length === 0) super(noClock());
    else super(...(args as readonly unknown[] as readonly [number, number]));
  }

  static override now(): number {
    return noClock();
  }
}

function random(): number {
  if (!live) throw new Error('a plugin has no randomness while it is built: use ctx.random() in a handler');
  // 53 bits, as a double holds.
  const [head = 0, ...bytes] = host.random(7);
  return bytes.reduce((number, byte) => number * 256 + byte, head & 31) / 2 ** 53;
}

Math.random = random;
Object.assign(globalThis, { TextDecoder: HostDecoder, TextEncoder: HostEncoder, Date: DateWithoutClock, performance: undefined });
