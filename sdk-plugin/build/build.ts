/** `strongroom plugin build`: the source of a plugin in TypeScript or JavaScript becomes a component, or one module for threads. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { componentize } from 'componentize-qjs';
import { BuildError, bundleForComponent, bundleForThread } from './bundle.ts';
import { wrapCore } from './wrap-core.ts';

export { BuildError } from './bundle.ts';

/** Builds a component. @returns its bytes @throws BuildError */
export async function buildComponent(source: string): Promise<Uint8Array> {
  const jsSource = await bundleForComponent(source);
  try {
    const { component } = await componentize({
      witPath: fileURLToPath(new URL('../wit', import.meta.url)),
      jsSource,
      world: 'plugin',
      // Imports of WASI trap inside the component: the host links none.
      stubWasi: true,
      sync: true,
    });
    return component;
  } catch (error) {
    throw new BuildError(`the module can't be evaluated: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Makes a component of a core module. @throws BuildError */
async function wrap(source: string): Promise<Uint8Array> {
  try {
    return await wrapCore(await readFile(source));
  } catch (error) {
    throw new BuildError(`${source}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * Builds what the name of the output asks for: `.wasm` a component, `.mjs` a module for threads.
 * @param source TypeScript, JavaScript, or a core module (`.wasm`) that another language's compiler made
 * @throws BuildError
 */
export async function buildPlugin(source: string, out: string): Promise<{ readonly bytes: number }> {
  if (!/\.(wasm|mjs)$/.test(out)) throw new BuildError(`--out ${out}: expected a name that ends in .wasm (component) or .mjs (thread)`);
  const made = source.endsWith('.wasm')
    ? await wrap(source)
    : out.endsWith('.wasm')
      ? await buildComponent(source)
      : Buffer.from(await bundleForThread(source));
  // Group and others may not write what the server is to trust, whatever the umask.
  await writeFile(out, made, { mode: 0o644 });
  return { bytes: made.length };
}
