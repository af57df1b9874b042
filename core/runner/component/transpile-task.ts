/** Transpiles and compiles a component: a Piscina task of its own, because hostile input costs the transpiler any amount of time. */
import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { admitComponent, capModules } from './admission.ts';
import { Refusal } from './core-module.ts';

/** What the task is given. */
export interface TranspileTask {
  readonly bytes: Uint8Array;
  readonly memoryMiB: number;
}

/** A component that is ready to be instantiated, in any worker. */
export interface Prepared {
  /** The text of a JavaScript module that links the core modules. */
  readonly glue: string;
  readonly modules: Readonly<Record<string, WebAssembly.Module>>;
  readonly memoryMiB: number;
}

/** What came of it. Errors lose their class between threads. */
export type TranspileResult =
  | { readonly kind: 'prepared'; readonly prepared: Prepared }
  | { readonly kind: 'refused'; readonly why: string };

/** Admits, transpiles, caps, compiles. */
export default async function transpile({ bytes, memoryMiB }: TranspileTask): Promise<TranspileResult> {
  try {
    admitComponent(bytes);
    const { files } = await transpiled(bytes);
    const { 'component.js': glue, ...rest } = files;
    // The modules that the transpiler adds are read and capped as well.
    const capped = capModules(Object.fromEntries(Object.entries(rest).filter(([name]) => name.endsWith('.wasm'))), memoryMiB);
    const modules: Record<string, WebAssembly.Module> = {};
    for (const [name, module] of Object.entries(capped)) modules[name] = new WebAssembly.Module(Buffer.from(module));
    return { kind: 'prepared', prepared: { glue: Buffer.from(glue ?? '').toString(), modules, memoryMiB } };
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', why: error.message };
    // The parser's message may quote the component.
    return {
      kind: 'refused',
      why: `it is malformed: ${String(error)
        .split('\n')[0]
        ?.replaceAll(/[^\x20-\x7e]/g, '?')
        .slice(0, 200)}`,
    };
  }
}

async function transpiled(bytes: Uint8Array): Promise<{ readonly files: Readonly<Record<string, Uint8Array>> }> {
  return transpileBytes(bytes, {
    name: 'component',
    instantiation: 'sync',
    emitTypescriptDeclarations: false,
    nodejsCompat: false,
    base64Cutoff: 0,
    namespacedExports: false,
    noComponentErrorWrapping: true,
  });
}
