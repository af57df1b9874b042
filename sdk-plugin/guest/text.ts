/**
 * What engines expect of JavaScript and a component's QuickJS lacks or has wrong: UTF-8 by the host's functions (utf8.ts picks the two
 * classes up by itself), a Math.random that the build's snapshot has not seeded for all instances alike, and no clock but `ctx.now()`,
 * because WASI's is a trap here. Import it before anything that encodes or decodes text.
 */
import host from 'strongroom:plugin/host@1.0.0';

class HostDecoder {
  decode(bytes: Uint8Array): string {
    return host.toText(bytes);
  }
}

class HostEncoder {
  encode(text: string): Uint8Array {
    return host.toBytes(text.toWellFormed());
  }
}

function noClock(): never {
  throw new Error('a plugin has no clock: use ctx.now()');
}

const Native = Date;
class DateWithoutClock extends Native {
  constructor(...args: readonly [] | readonly [number | string | Date]) {
    const [value] = args;
    super(value ?? noClock());
  }

  static override now(): number {
    return noClock();
  }
}

function random(): number {
  // 53 bits, as a double holds.
  const [head = 0, ...bytes] = host.random(7);
  return bytes.reduce((number, byte) => number * 256 + byte, head & 31) / 2 ** 53;
}

Math.random = random;
Object.assign(globalThis, { TextDecoder: HostDecoder, TextEncoder: HostEncoder, Date: DateWithoutClock, performance: undefined });
