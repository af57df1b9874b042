/** A component that looks for a way out. Each probe says what it found. */
import { defineEngine, type Context, type EngineDefinition, type Json, type Reply, route } from '@strongroom/sdk-plugin';

type Global = Readonly<Record<string, unknown>>;
const globals = globalThis as unknown as Global;

/** What a probe finds, or the error that stopped it. */
async function attempt(probe: () => unknown): Promise<Json> {
  try {
    const found: unknown = await probe();
    return found === undefined ? 'nothing' : `found ${typeof found}`;
  } catch (error) {
    return `stopped: ${String(error).slice(0, 100)}`;
  }
}

const names = (
  'process require module Buffer global window fetch XMLHttpRequest WebSocket Worker WebAssembly navigator performance ' +
  'setTimeout setInterval setImmediate crypto Deno Bun std os scriptArgs print'
).split(' ');

const clocks: Readonly<Record<string, () => unknown>> = {
  'Date.now': () => Date.now(),
  'new Date': () => new Date(),
  'the Date of a date': () => Reflect.construct(new Date(0).constructor as DateConstructor, []) as unknown,
};

/** Keys of somebody else, and one that only looks like it. */
const keys = ['../../core/tokens', '/core/mounts', '..', 'a/../../b', '', 'x/', 'core/mounts'];

/** Directories of somebody else, and its own. */
const directories = ['../', '../../', '../../core/', '/', 'core/', 'a/../../', ''];

/** Each in a request of its own. */
const ways: Readonly<Record<string, (ctx: Context) => Reply | Promise<Reply>>> = {
  nothing: () => ({ data: { done: true } }),
  writes: (ctx) => {
    ctx.storage.put('mine', new Uint8Array(1));
    return { data: { done: true } };
  },
  'reads-10000-times': async (ctx) => {
    for (let index = 0; index < 10_000; index += 1) await ctx.storage.get(`key-${index}`);
    return { data: { done: true } };
  },
  // The engine's own class, below the one that the guest put in its place.
  'takes-the-hidden-clock': () => ({ data: { now: (Object.getPrototypeOf(Date) as DateConstructor).now() } }),
  'keeps-a-secret': (ctx) => {
    const kept = (globals['kept'] as string | undefined) ?? 'nothing';
    Object.assign(globalThis, { kept: ctx.mount.path });
    return { data: { kept } };
  },
  'poisons-prototypes': () => {
    Object.assign(Object.prototype, { status: 299, poisoned: true });
    Object.assign(JSON, { stringify: () => '{"kind":"reply","call":1,"writes":[]}' });
    return { data: { done: true } };
  },
};

const engine: EngineDefinition = defineEngine({
  name: 'sandbox',
  version: '1.0.0',
  routes: {
    ...route('probe', {
      summary: 'Looks for a way out',
      read: {
        handler: async (ctx) => {
          const found: Record<string, Json> = {};
          for (const name of names) found[name] = await attempt(() => globals[name]);
          for (const [name, probe] of Object.entries(clocks)) found[name] = await attempt(probe);
          const times = new Set(Array.from({ length: 1000 }, () => ctx.now()));
          return { data: { found, times: times.size } };
        },
      },
    }),
    ...route('globals', {
      summary: 'All there is',
      read: { handler: () => ({ data: { names: Object.getOwnPropertyNames(globalThis) } }) },
    }),
    ...route('import', {
      summary: 'Loads a module',
      read: { handler: async () => ({ data: { found: await attempt(() => import(['node', 'fs'].join(':'))) } }) },
    }),
    ...route('do/{way}', {
      summary: 'Tries this way',
      update: { handler: (ctx, { way }) => ways[way]?.(ctx) ?? { status: 404 } },
    }),
    ...route('storage/{number}', {
      summary: 'Reads a key',
      read: {
        handler: async (ctx, { number }) => ({ data: { found: await attempt(() => ctx.storage.get(keys[Number(number)] ?? 'x')) } }),
      },
    }),
    ...route('directory/{number}', {
      summary: 'Lists a directory',
      read: {
        handler: async (ctx, { number }) => ({ data: { found: [...(await ctx.storage.list(directories[Number(number)] ?? 'x'))] } }),
      },
    }),
    ...route('dates', {
      summary: 'What a date is without a clock',
      read: {
        handler: () => {
          class Later extends Date {
            readonly kind = 'later';
          }
          const later = new Later(86_400_000);
          return {
            data: {
              iso: new Date(1_700_000_000_123).toISOString(),
              fields: new Date(2020, 1, 29, 12).getMonth(),
              text: new Date('2020-02-29T00:00:00Z').getTime(),
              utc: Date.UTC(2020, 0),
              parsed: Date.parse('1970-01-01T00:00:01Z'),
              copies: new Date(new Date(5)).getTime(),
              later: [later.kind, later.toISOString(), String(later instanceof Later && later instanceof Date)],
            },
          };
        },
      },
    }),
    ...route('random', { summary: 'Numbers', update: { handler: () => ({ data: { number: Math.random() } }) } }),
  },
});
export default engine;
