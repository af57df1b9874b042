/**
 * Reads what a core WebAssembly module declares, refuses what a plugin has no business with, and writes maxima into it.
 *
 * @source WebAssembly core specification 3.0, binary format
 */

/** What a component is refused for. The message says what and, where there is one, the bound; it quotes nothing of the component. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** Bounds of a memory (pages of 64 KiB) or table (elements). */
interface Limits {
  readonly min: number;
  readonly max: number | undefined;
}

/** Where a section lies in the module: from its id to its end. */
type Span = readonly [start: number, end: number];

/** What a module declares. */
export interface ModuleFacts {
  /** Names of the modules that it imports from. */
  readonly importModules: ReadonlySet<string>;
  readonly exports: readonly string[];
  /** Memories that it defines. */
  readonly memories: readonly Limits[];
  readonly tables: readonly (Limits & { readonly type: Uint8Array })[];
  readonly memorySection: Span | undefined;
  readonly tableSection: Span | undefined;
}

/** Reads a part of a binary; never beyond its end. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  at: number;

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
  }

  /** Whether all has been read. */
  get done(): boolean {
    return this.at >= this.#end;
  }

  byte(): number {
    const byte = this.at < this.#end ? this.#bytes[this.at] : undefined;
    if (byte === undefined) throw new Refusal('it is cut short');
    this.at += 1;
    return byte;
  }

  /** An unsigned number in LEB128. */
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new Refusal('a number in it is too long');
  }

  bytes(length: number): Uint8Array {
    if (length > this.#end - this.at) throw new Refusal('it is cut short');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  name(): string {
    return safeName(this.bytes(this.number()));
  }

  /** What a section holds, and where it lies. */
  section(): { readonly id: number; readonly span: Span; readonly body: Reader } {
    const start = this.at;
    const id = this.byte();
    const size = this.number();
    const from = this.at;
    this.bytes(size);
    return { id, span: [start, this.at], body: new Reader(this.#bytes, from, this.at) };
  }

  /** A memory's or table's limits. @param what names it in a refusal */
  limits(what: string): Limits {
    const flags = this.byte();
    if ((flags & 2) !== 0) throw new Refusal(`it uses threads: a shared ${what}`);
    if ((flags & 4) !== 0) throw new Refusal(`a 64-bit ${what}`);
    if (flags > 1) throw new Refusal(`a ${what} with unknown limits`);
    return { min: this.number(), max: flags === 1 ? this.number() : undefined };
  }

  /** The type of a reference: funcref, externref, or a heap type of its own. */
  reference(): Uint8Array {
    const start = this.at;
    const first = this.byte();
    if (first === 0x63 || first === 0x64) this.number();
    return this.#bytes.subarray(start, this.at);
  }
}

/**
 * A name as the transpiler may see it. jco 0.15 prints the names of core imports and exports into its JavaScript between quotes without
 * escaping them, so that a quote in a name would be code in the host.
 */
function safeName(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('latin1');
  if (/[^\x20-\x7e]|['"`\\]|\*\/|\/\//.test(text))
    throw new Refusal("a name in it has a quote, '//', '*/', a backslash or a character beyond printable ASCII");
  return text;
}

const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0] as const;
const sectionIdMax = 13;
const typeSection = 1;
const tagSection = 13;
const functionForm = 0x60;
const functionKind = 0;
const tableKind = 1;
const memoryKind = 2;
const globalKind = 3;
const tagKind = 4;

/** Reads a module. @throws Refusal */
export function inspectModule(bytes: Uint8Array): ModuleFacts {
  if (magic.some((byte, at) => bytes[at] !== byte)) throw new Refusal('a module in it has no WebAssembly header');
  const importModules = new Set<string>();
  const exports: string[] = [];
  const memories: Limits[] = [];
  const tables: (Limits & { readonly type: Uint8Array })[] = [];
  let memorySection: Span | undefined;
  let tableSection: Span | undefined;
  const top = new Reader(bytes, magic.length);
  while (!top.done) {
    const { id, span, body } = top.section();
    if (id > sectionIdMax) throw new Refusal(`a section of unknown kind ${id}`);
    if (id === typeSection) {
      for (let left = body.number(); left > 0; left -= 1) readFunctionType(body);
    } else if (id === tagSection) throw new Refusal('it uses exceptions');
    else if (id === 2) {
      for (let left = body.number(); left > 0; left -= 1) importModules.add(readImport(body));
    } else if (id === 4) {
      if (tableSection !== undefined) throw new Refusal('a section that comes twice');
      tableSection = span;
      for (let left = body.number(); left > 0; left -= 1) tables.push(readTable(body));
    } else if (id === 5) {
      if (memorySection !== undefined) throw new Refusal('a section that comes twice');
      memorySection = span;
      for (let left = body.number(); left > 0; left -= 1) memories.push(body.limits('memory'));
    } else if (id === 7) {
      for (let left = body.number(); left > 0; left -= 1) {
        exports.push(body.name());
        body.byte();
        body.number();
      }
    }
  }
  return { importModules, exports, memories, tables, memorySection, tableSection };
}

/**
 * Structs and arrays lie in the worker's heap and not in a memory: no maximum holds for them, and V8 ends the whole process when large ones
 * have filled it.
 */
function readFunctionType(body: Reader): void {
  if (body.byte() !== functionForm) throw new Refusal('it uses garbage collection: a type that is no function');
  for (const _ of ['parameters', 'results']) for (let left = body.number(); left > 0; left -= 1) body.reference();
}

/** Reads an import for the name of its module; an imported memory is held to the same rules as one that is defined. */
function readImport(body: Reader): string {
  const module = body.name();
  body.name();
  const kind = body.byte();
  if (kind === functionKind) body.number();
  else if (kind === tableKind) {
    body.reference();
    body.limits('table');
  } else if (kind === memoryKind) body.limits('memory');
  else if (kind === globalKind) {
    body.reference();
    body.byte();
  } else if (kind === tagKind) {
    body.byte();
    body.number();
  } else throw new Refusal(`an import of unknown kind ${kind}`);
  return module;
}

function readTable(body: Reader): Limits & { readonly type: Uint8Array } {
  const type = body.reference();
  if (type[0] === 0x40) throw new Refusal('a table with an initializer');
  return { type, ...body.limits('table') };
}

/** The maxima of a module's memories, in pages, in their order; and of each of its tables, in elements. */
export interface Caps {
  readonly pages: readonly number[];
  readonly elements: number;
}

/** Writes maxima into a module: no `memory.grow` passes them. A smaller one that it declares itself stays. @throws Refusal */
export function capModule(bytes: Uint8Array, facts: ModuleFacts, { pages, elements }: Caps): Uint8Array {
  const limits = ({ min, max }: Limits, most: number): number[] => [1, ...leb128(min), ...leb128(Math.min(max ?? most, most))];
  const parts: Uint8Array[] = [];
  let at = 0;
  const replace = (id: number, [start, end]: Span, count: number, body: readonly number[]): void => {
    const content = [...leb128(count), ...body];
    parts.push(bytes.subarray(at, start), Uint8Array.from([id, ...leb128(content.length), ...content]));
    at = end;
  };
  const { tables, tableSection, memories, memorySection } = facts;
  // Tables are section 4, memories section 5: in this order in the file.
  if (tableSection !== undefined) {
    replace(
      4,
      tableSection,
      tables.length,
      tables.flatMap((table) => [...table.type, ...limits(table, elements)]),
    );
  }
  if (memorySection !== undefined) {
    replace(
      5,
      memorySection,
      memories.length,
      memories.flatMap((memory, index) => limits(memory, pages[index] ?? 0)),
    );
  }
  return Buffer.concat([...parts, bytes.subarray(at)]);
}

function leb128(number: number): number[] {
  const bytes: number[] = [];
  let rest = number;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest & 127) | 128);
  return [...bytes, rest];
}
