/** What is used here of the WebAssembly JavaScript interface, which the types of Node leave to those of browsers. */
declare namespace WebAssembly {
  // oxlint-disable-next-line typescript/no-extraneous-class -- it is one
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
  }
  class Memory {
    readonly buffer: ArrayBuffer;
  }
  type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  class Instance {
    readonly exports: Readonly<Record<string, unknown>>;
    constructor(module: Module, imports?: Imports);
  }
}
