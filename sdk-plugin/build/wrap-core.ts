/** A core module that follows the canonical ABI of the world, from any language, becomes a component. */
import { readFileSync } from 'node:fs';
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';

/** Wraps the module: the world is embedded, and its imports and exports are lifted. @throws Error saying what the module lacks */
export async function wrapCore(binary: Uint8Array): Promise<Uint8Array> {
  const witSource = readFileSync(new URL('../wit/plugin.wit', import.meta.url), 'utf8');
  return componentNew(await componentEmbed({ binary, witSource, world: 'plugin' }), []);
}
