/**
 * What a component must be before anything of it is transpiled, compiled or run. Invariants: it imports the plugin interface and nothing
 * else; no name in it can become code of the host; its memories together never exceed what the config gives it.
 *
 * @source Component Model, design/mvp/Binary.md
 */
import { capModule, inspectModule, type ModuleFacts, Reader, Refusal } from './core-module.ts';

/** Version of the interface that this host speaks. */
const interfaceVersion = '1.0.0';
/** The core module name from which a plugin imports the host's functions. */
export const hostInterface: string = `strongroom:plugin/host@${interfaceVersion}`;
const allowedImports: ReadonlySet<string> = new Set([hostInterface, `strongroom:plugin/types@${interfaceVersion}`]);

/** Bounds of a component. QuickJS, the largest in use, takes 2 MiB, 13 modules, 3 memories and 3 tables. */
export const componentLimits = {
  bytesMax: 16_777_216,
  modulesMax: 64,
  memoriesMax: 8,
  tablesMax: 16,
  tableElementsMax: 65_536,
  depthMax: 8,
} as const;

const pageBytes = 65_536;
/** What a memory that is not the largest may grow by. */
const sidePages = 16;
const preamble = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0] as const;

/** What a component asks for. */
export interface ComponentFacts {
  readonly imports: readonly string[];
  readonly modules: number;
  /** Bytes that its memories begin with, together. */
  readonly memoryBytes: number;
}

/** Reads a component and refuses what no config can allow. @throws Refusal */
export function admitComponent(bytes: Uint8Array): ComponentFacts {
  if (bytes.length > componentLimits.bytesMax)
    throw new Refusal(`it has ${bytes.length} bytes, at most ${componentLimits.bytesMax} are allowed`);
  const modules: ModuleFacts[] = [];
  const imports = readComponent(bytes, modules, 0);
  for (const name of imports) {
    if (allowedImports.has(name)) continue;
    const other = /^strongroom:plugin\/\w+@/.test(name) ? `; this server speaks version ${interfaceVersion} of the plugin interface` : '';
    throw new Refusal(`it imports ${name}, and plugins may import ${hostInterface} only${other}`);
  }
  const facts = { imports, modules: modules.length, memoryBytes: 0 };
  for (const { memories, tables } of modules) {
    for (const { min } of memories) facts.memoryBytes += min * pageBytes;
    for (const { min } of tables)
      if (min > componentLimits.tableElementsMax)
        throw new Refusal(`a table begins with ${min} elements, at most ${componentLimits.tableElementsMax} are allowed`);
  }
  return facts;
}

/** Collects the modules of a component and those nested in it; gives the names of what it imports. */
function readComponent(bytes: Uint8Array, modules: ModuleFacts[], depth: number): readonly string[] {
  if (preamble.some((byte, at) => bytes[at] !== byte)) throw new Refusal('it is not a WebAssembly component');
  if (depth > componentLimits.depthMax) throw new Refusal(`components nested in it are more than ${componentLimits.depthMax} deep`);
  const imports: string[] = [];
  const top = new Reader(bytes, preamble.length);
  while (!top.done) {
    const { id, span, body } = top.section();
    if (id === 1) {
      if (modules.length >= componentLimits.modulesMax) throw new Refusal(`more than ${componentLimits.modulesMax} modules`);
      modules.push(inspectModule(bytes.subarray(body.at, span[1])));
    } else if (id === 4) readComponent(bytes.subarray(body.at, span[1]), modules, depth + 1);
    else if (id === 10) {
      for (let left = body.number(); left > 0; left -= 1) {
        const name = readComponentImport(body);
        if (name !== undefined) imports.push(name);
      }
    }
  }
  return imports;
}

/** The name of an import; undefined for a type that is equal to another, with which nothing can be done. */
function readComponentImport(body: Reader): string | undefined {
  body.byte();
  const name = body.name();
  const sort = body.byte();
  // A core module is the one sort with a second byte; a type is equal to another (with its index) or a resource (without).
  if (sort === 0) body.byte();
  const equal = sort === 3 && body.byte() === 0;
  if (equal || sort !== 3) body.number();
  return equal ? undefined : name;
}

/**
 * Finds the one plugin in the transpiled modules, and gives every memory and table its maximum. All memories together get `memoryMiB`: what the others may have is taken
 * off, the rest is for the one that begins largest.
 * @throws Refusal
 */
export function capModules(modules: Readonly<Record<string, Uint8Array>>, memoryMiB: number): Record<string, Uint8Array> {
  const facts = Object.entries(modules).map(([name, bytes]) => ({ name, bytes, facts: inspectModule(bytes) }));
  const plugins = facts.filter(({ facts: { exports } }) => exports.includes('handle'));
  if (plugins.length !== 1) throw new Refusal(plugins.length === 0 ? 'it does not export handle' : 'two modules in it export handle');
  const memories = facts.flatMap(({ name, facts: { memories: own } }) => own.map(({ min, max }, index) => ({ name, index, min, max })));
  if (memories.length > componentLimits.memoriesMax)
    throw new Refusal(`${memories.length} memories, at most ${componentLimits.memoriesMax} are allowed`);
  const tables = facts.reduce((sum, { facts: own }) => sum + own.tables.length, 0);
  if (tables > componentLimits.tablesMax) throw new Refusal(`${tables} tables, at most ${componentLimits.tablesMax} are allowed`);
  const total = (memoryMiB * 1_048_576) / pageBytes;
  const [largest, ...others] = memories.toSorted((a, b) => b.min - a.min);
  const capOf = new Map<(typeof memories)[number], number>(
    others.map((one) => [one, Math.min(one.max ?? Number.POSITIVE_INFINITY, one.min + sidePages)]),
  );
  const rest = total - [...capOf.values()].reduce((sum, pages) => sum + pages, 0);
  if (largest !== undefined) {
    if (largest.min > rest)
      throw new Refusal(
        `its memory begins with ${memories.reduce((sum, { min }) => sum + min, 0) * pageBytes} bytes, field memory_mib allows ${memoryMiB} MiB`,
      );
    capOf.set(largest, rest);
  }
  return Object.fromEntries(
    facts.map(({ name, bytes, facts: own }) => {
      const pages = memories.filter((one) => one.name === name).map((one) => capOf.get(one) ?? 0);
      return [name, capModule(bytes, own, { pages, elements: componentLimits.tableElementsMax })];
    }),
  );
}
