/**
 * An instance of a component. jco only links: its code around each call costs 8 to 12 us, and what one world needs of the canonical ABI is
 * little. After anything thrown by `handle` the memory can't be trusted to be consistent: drop the instance.
 */
import { randomBytes } from 'node:crypto';
import type { FromWorker, Turn } from '@strongroom/sdk-plugin/serving';
import { hostInterface } from './admission.ts';
import { Refusal } from './core-module.ts';
import { GuestMemory, type Realloc } from './guest-memory.ts';
import type { Prepared } from './transpile-task.ts';

type LogLevel = Extract<FromWorker, { kind: 'log' }>['level'];
type InstantiateCore = (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance;
/** What jco's module exports. */
export type Link = (core: (name: string) => WebAssembly.Module, imports: WebAssembly.Imports, instantiateCore: InstantiateCore) => unknown;

/** What an instance may have of its turns. */
export const instanceLimits = {
  /** Bytes that a turn hands over to the host. */
  turnBytesMax: 16_777_216,
  outlineBytesMax: 1_048_576,
  logLinesMax: 1000,
  logBytesMax: 4096,
  randomBytesMax: 65_536,
} as const;

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** The exports of the plugin's own core module. */
interface Exports {
  readonly describe: () => number;
  readonly handle: (...message: readonly number[]) => number;
  readonly doneDescribing: ((at: number) => void) | undefined;
  readonly doneHandling: ((at: number) => void) | undefined;
}

/** One instance. */
export class Instance {
  readonly #log: (level: LogLevel, message: string) => void;
  readonly #random: (size: number) => Uint8Array;
  readonly #exports: Exports;
  readonly #memory: GuestMemory;
  #logLines = 0;

  /** @throws Refusal for a component that is not of the world; whatever its start functions throw */
  constructor(
    link: Link,
    { modules }: Prepared,
    log: (level: LogLevel, message: string) => void,
    random: (size: number) => Uint8Array = randomBytes,
  ) {
    this.#log = log;
    this.#random = random;
    const found = this.#instantiate(link, modules);
    this.#exports = found.exports;
    this.#memory = found.memory;
  }

  /** What the plugin declares, as text that it made. */
  describe(): string {
    this.#begin(instanceLimits.outlineBytesMax);
    const at = this.#exports.describe();
    const outline = this.#memory.text(...this.#memory.pair(at));
    this.#exports.doneDescribing?.(at);
    return outline;
  }

  /** One turn. @throws anything: then the instance is lost */
  handle({ head, body, blobs }: Turn): Turn {
    const memory = this.#memory;
    this.#begin(instanceLimits.turnBytesMax);
    const headAt = memory.putText(head);
    const bodyAt = memory.putText(body);
    const at = this.#exports.handle(...headAt, ...bodyAt, memory.putLists(blobs), blobs.length) >>> 0;
    const answer = {
      head: memory.text(...memory.pair(at)),
      body: memory.text(...memory.pair(at + 8)),
      blobs: memory.lists(...memory.pair(at + 16)),
    };
    this.#exports.doneHandling?.(at);
    if (this.#logLines > instanceLimits.logLinesMax)
      this.#log('warn', `${this.#logLines - instanceLimits.logLinesMax} more lines of this turn are left out`);
    return answer;
  }

  /** Of its memory, as far as it has grown. */
  get memoryBytes(): number {
    return this.#memory.size;
  }

  #begin(budget: number): void {
    this.#memory.begin(budget);
    this.#logLines = 0;
  }

  #instantiate(link: Link, modules: Prepared['modules']): { readonly exports: Exports; readonly memory: GuestMemory } {
    let plugin: WebAssembly.Instance | undefined;
    let shared: WebAssembly.Instance | undefined;
    const used = new Set<WebAssembly.Module>();
    const imports = this.#imports();
    const core = (name: string): WebAssembly.Module => {
      const module = modules[name];
      if (module === undefined) throw new Refusal('it names a module that it does not have');
      return module;
    };
    link(core, refusing, (module, given) => {
      // Each module was given its share of the memory once.
      if (used.has(module)) throw new Refusal('it instantiates a module twice');
      used.add(module);
      const instance = new WebAssembly.Instance(
        module,
        Object.hasOwn(given ?? {}, hostInterface) ? { ...given, [hostInterface]: imports } : given,
      );
      const { exports } = instance;
      if (typeof exports['handle'] === 'function') {
        plugin = instance;
      }
      // QuickJS keeps memory and allocation in a module beside the plugin's.
      if (exports['memory'] instanceof WebAssembly.Memory && typeof exports['cabi_realloc'] === 'function') shared ??= instance;
      return instance;
    });
    if (plugin === undefined) throw new Refusal('it does not export handle');
    const exports = plugin.exports;
    const memory = exports['memory'] ?? shared?.exports['memory'];
    const realloc = exports['cabi_realloc'] ?? shared?.exports['cabi_realloc'];
    if (!(memory instanceof WebAssembly.Memory) || !isFunction<Realloc>(realloc))
      throw new Refusal('it does not export memory and cabi_realloc');
    const { describe, handle, cabi_post_describe: doneDescribing, cabi_post_handle: doneHandling } = exports;
    if (!isFunction<Exports['describe']>(describe) || !isFunction<Exports['handle']>(handle))
      throw new Refusal('it does not export describe');
    return {
      memory: new GuestMemory(memory, realloc),
      exports: {
        describe,
        handle,
        doneDescribing: isFunction<(at: number) => void>(doneDescribing) ? doneDescribing : undefined,
        doneHandling: isFunction<(at: number) => void>(doneHandling) ? doneHandling : undefined,
      },
    };
  }

  /** The interface's functions, by their core signatures. */
  #imports(): Readonly<Record<string, (...args: number[]) => void>> {
    const give = (at: number, bytes: Uint8Array): void => this.#memory.putPair(at, this.#memory.putBytes(bytes), bytes.length);
    return {
      log: (level = 0, pointer = 0, length = 0) => {
        this.#logLines += 1;
        if (this.#logLines > instanceLimits.logLinesMax) return;
        this.#log(levels[level] ?? 'info', this.#memory.lossyText(pointer, length, instanceLimits.logBytesMax));
      },
      random: (size = 0, at = 0) => {
        if (size >>> 0 > instanceLimits.randomBytesMax) throw new RangeError(`random: at most ${instanceLimits.randomBytesMax} bytes`);
        give(at, this.#random(size >>> 0));
      },
      'to-text': (pointer = 0, length = 0, at = 0) => {
        // The same bytes go back once they are known to be text.
        const copied = this.#memory.copyText(pointer, length);
        if (copied === undefined) give(at + 4, malformed);
        else this.#memory.putPair(at + 4, copied, length);
        this.#memory.putTag(at, copied === undefined ? 1 : 0);
      },
      'to-bytes': (pointer = 0, length = 0, at = 0) => give(at, this.#memory.bytes(pointer, length)),
    };
  }
}

const malformed = Buffer.from('malformed UTF-8');

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the component's own word for its signature; a wrong one gives wrong numbers, which are checked
function isFunction<F>(value: unknown): value is F {
  return typeof value === 'function';
}

function refuse(): never {
  throw new Refusal('it is linked in a way that this host does not know');
}

/** jco asks for the functions in its own form as well; whoever gets to call those was not linked by wit-component. */
const refusing: WebAssembly.Imports = {
  'strongroom:plugin/host': { log: refuse, random: refuse, toText: refuse, toBytes: refuse },
  'strongroom:plugin/types': {},
};
