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

/** A function and no class: to extend the native one costs a component as much again as the date. */
function DateWithoutClock(...args: readonly number[]): Date {
  if (new.target === undefined || args.length === 0) return noClock();
  if (new.target === DateWithoutClock) return args.length === 1 ? new Native(args[0]!) : new Native(...(args as readonly [number, number]));
  return Reflect.construct(Native, args, new.target) as Date;
}
DateWithoutClock.prototype = Native.prototype;
Native.prototype.constructor = DateWithoutClock;
Object.assign(DateWithoutClock, { now: noClock, parse: Native.parse, UTC: Native.UTC });

function random(): number {
  if (!live) throw new Error('a plugin has no randomness while it is built: use ctx.random() in a handler');
  // 53 bits, as a double holds.
  const [head = 0, ...bytes] = host.random(7);
  return bytes.reduce((number, byte) => number * 256 + byte, head & 31) / 2 ** 53;
}

Math.random = random;
Object.assign(globalThis, { TextDecoder: HostDecoder, TextEncoder: HostEncoder, Date: DateWithoutClock, performance: undefined });
