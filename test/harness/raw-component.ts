/** Components made of text: for what no compiler would make. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { wrapCore } from '../../sdk-plugin/build/wrap-core.ts';

/** Bytes of a component or module in the text format. */
export function fromText(text: string): Promise<Uint8Array> {
  return parse(text);
}

/** What a raw plugin does. */
export interface RawPlugin {
  readonly outline?: string;
  /** Its answer to every turn. */
  readonly head?: string;
  readonly body?: string;
  readonly blobs?: readonly string[];
  /** The beginning of its memory as a blob, so many times. */
  readonly repeat?: { readonly bytes: number; readonly times: number };
  /** Instructions before the outline. */
  readonly describe?: string;
  /** Instructions before the answer. */
  readonly run?: string;
  /** Pages that its memory begins with. */
  readonly pages?: number;
}

const emptyOutline = '{"name":"raw","version":"1.0.0","routes":{}}';

/** A plugin whose every answer is the same. */
export async function rawPlugin({
  outline = emptyOutline,
  head = '{}',
  body = '',
  blobs = [],
  repeat = { bytes: 0, times: 0 },
  run = '',
  describe = '',
  pages = 1,
}: RawPlugin): Promise<Uint8Array> {
  const data: string[] = [];
  let top = 1024;
  const put = (bytes: Buffer): number => {
    const at = top;
    data.push(`(data (i32.const ${at}) "${[...bytes].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')}")`);
    top += (bytes.length + 7) & ~3;
    return at;
  };
  const pair = (text: string): number[] => {
    const bytes = Buffer.from(text);
    return [put(bytes), bytes.length];
  };
  const words = (...numbers: number[]): number => put(Buffer.from(Uint32Array.from(numbers).buffer));
  const described = words(...pair(outline));
  const { bytes: size, times } = repeat;
  const list = put(
    Buffer.from(Uint32Array.from([...blobs.flatMap(pair), ...Array.from({ length: times }, () => [0, size]).flat()]).buffer),
  );
  const answer = words(...pair(head), ...pair(body), list, blobs.length + times);
  return wrapCore(
    await fromText(`(module
      (import "strongroom:plugin/host@1.0.0" "log" (func $log (param i32 i32 i32)))
      (import "strongroom:plugin/host@1.0.0" "random" (func $random (param i32 i32)))
      (memory (export "memory") ${Math.max(pages, 1 + (top >> 16))})
      (global $top (mut i32) (i32.const ${top + 64}))
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
        (global.set $top (i32.add (local.get $at) (local.get 3)))
        (local.get $at))
      (func (export "cabi_post_handle") (param i32) (global.set $top (i32.const ${top + 64})))
      (func (export "describe") (result i32) ${describe} (i32.const ${described}))
      (func $run (local $n i32) ${run})
      (func (export "handle") (param i32 i32 i32 i32 i32 i32) (result i32) (call $run) (i32.const ${answer}))
      ${data.join('\n')})`),
  );
}
