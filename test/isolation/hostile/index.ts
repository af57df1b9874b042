/** An engine that fails in every way an engine can; each way writes two entries before, so that half a write would be seen. */
import { type Context, defineEngine, type EngineDefinition, PluginError, type Reply, route } from '@strongroom/sdk-plugin';

type Way = (ctx: Context) => Reply | undefined | Promise<Reply | undefined>;

const mebibyte = 1_048_576;
const done: Reply = { data: { done: true } };
const kept: unknown[] = [];

const ways: Readonly<Record<string, Way>> = {
  fine: () => done,
  // Faults of the code.
  throws: () => {
    throw new Error('thrown with canary-of-the-plugin');
  },
  'throws-nothing': () => {
    throw undefined;
  },
  'throws-an-unknown-code': () => {
    throw new PluginError('nonsense' as never, 'canary-of-the-plugin');
  },
  rejects: () => Promise.reject(new Error('rejected')),
  'rejects-later': () => {
    void Promise.reject(new Error('nobody waits for this'));
    return new Promise(() => {});
  },
  exits: () => process.exit(0),
  // Not to be had in a worker, or not at all.
  aborts: () => process.abort(),
  'posts-to-the-pool': () => {
    const { parentPort } = process.getBuiltinModule('node:worker_threads');
    for (const message of [null, 17, {}, { ready: true }, { taskId: 1, result: null, error: null }]) parentPort?.postMessage(message);
    return done;
  },
  recurses: () => {
    const deeper = (depth: number): number => deeper(depth + 1) + 1;
    return { data: { depth: deeper(0) } };
  },
  'nests-json': () => ({ data: { length: String(JSON.parse('['.repeat(1_000_000))).length } }),
  // Time.
  loops: () => {
    for (;;);
  },
  'awaits-forever': async () => {
    // oxlint-disable-next-line typescript/await-thenable, unicorn/no-unnecessary-await -- it never waits for anything: that is the attack
    for (;;) await null;
  },
  'logs-forever': (ctx) => {
    for (;;) ctx.log('info', 'again');
  },
  'matches-slowly': () => ({ data: { matched: /^(a+)+$/.test(`${'a'.repeat(40)}b`) } }),
  'never-answers': () => new Promise(() => {}),
  // Memory.
  'exhausts-the-heap': () => {
    const heap: unknown[] = [];
    for (;;) heap.push(Array.from({ length: 10_000 }, (_, index) => ({ index })));
  },
  // Each of these asks for much more in one step than is left.
  'fills-a-map': () => {
    const map = new Map<number, number>();
    for (let index = 0; ; index += 1) map.set(index % 16_000_000, index);
  },
  'makes-20-million-objects': () => ({ data: { length: Array.from({ length: 20_000_000 }, (_, index) => ({ index })).length } }),
  'makes-a-large-array': () => {
    const arrays: unknown[] = [];
    for (;;) arrays.push(Array.from<number>({ length: 30_000_000 }).fill(0.5));
  },
  'holds-200-mib': () => {
    kept.length = 0;
    for (let index = 0; index < 50; index += 1) kept.push(new Uint8Array(4 * mebibyte).fill(1));
    return done;
  },
  // Slowly: it is seen long before the end.
  'holds-ever-more': async (ctx) => {
    for (let index = 0; index < 500; index += 1) {
      kept.push(new Uint8Array(4 * mebibyte).fill(1));
      await ctx.storage.get('none');
    }
    return done;
  },
  // Answers.
  'answers-a-function': () => ({ data: { f: (() => 1) as never } }),
  'answers-garbage': () => 17 as never,
  'answers-a-status': () => ({ status: 99_999, ...done }),
  'answers-a-status-of-http': () => ({ status: 101, ...done }),
  'answers-a-status-that-is-none': () => ({ status: (() => 200) as never, ...done }),
  'answers-warnings-that-are-none': () => ({ warnings: 17 as never, ...done }),
  'answers-a-circle': () => {
    const circle: Record<string, unknown> = {};
    circle['again'] = circle;
    return { data: circle as never };
  },
  'answers-20-mib': () => ({ data: { text: 'x'.repeat(20 * mebibyte) } }),
  'answers-100-mib': () => ({ data: { text: 'x'.repeat(100 * mebibyte) } }),
  'refuses-with-100-mib': () => {
    throw new PluginError('invalid', 'x'.repeat(100 * mebibyte));
  },
  // Writes.
  'writes-elsewhere': (ctx) => {
    ctx.storage.put('../../core/tokens', new TextEncoder().encode('1'));
    return done;
  },
  'writes-no-bytes': (ctx) => {
    ctx.storage.put('text', 'text' as never);
    return done;
  },
  'writes-a-function': (ctx) => {
    ctx.storage.put('function', (() => 1) as never);
    return done;
  },
  'writes-100-mib': (ctx) => {
    for (let index = 0; index < 25; index += 1) ctx.storage.put(`large/${index}`, new Uint8Array(4 * mebibyte));
    return done;
  },
  // Host calls.
  'draws-10000-times': (ctx) => {
    for (let index = 0; index < 10_000; index += 1) ctx.random(8);
    return done;
  },
  'reads-10000-times': async (ctx) => {
    for (let index = 0; index < 10_000; index += 1) await ctx.storage.get(`key-${index}`);
    return done;
  },
  'reads-10000-at-once': async (ctx) => {
    await Promise.all(Array.from({ length: 10_000 }, (_, index) => ctx.storage.get(`key-${index}`)));
    return done;
  },
  'reads-and-answers': (ctx) => {
    for (let index = 0; index < 1000; index += 1) void ctx.storage.get(`key-${index}`);
    return done;
  },
  'floods-the-log': (ctx) => {
    for (let index = 0; index < 20_000; index += 1) ctx.log('info', 'x'.repeat(100));
    return done;
  },
};

/** The end of everything: of the worker, or of the instance. */
function die(): never {
  if (typeof process === 'object') process.exit(1);
  // The engine's own class, below the one that the guest put in its place: it would ask WASI for the time.
  (Object.getPrototypeOf(Date) as DateConstructor).now();
  throw new Error('it is still alive');
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const engine: EngineDefinition = defineEngine({
  name: 'hostile',
  version: '0.1.0',
  routes: {
    ...route('do/{way}', {
      summary: 'Fails in this way',
      update: {
        handler: async (ctx, { way }) => {
          ctx.storage.put(`first/${way}`, text('1'));
          ctx.storage.put(`second/${way}`, text('1'));
          return (await ways[way]?.(ctx)) ?? done;
        },
      },
      read: {
        handler: async (ctx, { way }) => ({
          data: {
            first: (await ctx.storage.get(`first/${way}`)) !== undefined,
            second: (await ctx.storage.get(`second/${way}`)) !== undefined,
          },
        }),
      },
    }),
    ...route('die/{step}', {
      summary: 'Dies at a message of a call that reads, writes, lists and asks for keys; at none beyond the last',
      update: {
        handler: async (ctx, { step }) => {
          let steps = 0;
          const next = (): void => {
            steps += 1;
            if (steps === Number(step)) die();
          };
          const way = `die-${step}`;
          next();
          await ctx.storage.get('a');
          next();
          ctx.storage.put(`first/${way}`, text('1'));
          next();
          await ctx.storage.list('first/');
          next();
          await ctx.crypto.digest('SHA-256', text('x'));
          next();
          const reading = ctx.storage.get('b');
          next();
          await reading;
          ctx.storage.put(`second/${way}`, text('1'));
          ctx.log('info', 'the last step');
          next();
          return { data: { steps } };
        },
      },
    }),
  },
});
export default engine;
