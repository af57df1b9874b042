/** An engine that fails in every way an engine can; each way writes two entries before, so that half a write would be seen. */
import { defineEngine, type EngineDefinition, type Reply, route } from '@strongroom/sdk-plugin';

const ways: Readonly<Record<string, () => Reply | Promise<Reply>>> = {
  fine: () => ({ data: { done: true } }),
  throws: () => {
    throw new Error('thrown with canary-of-the-plugin');
  },
  'throws-nothing': () => {
    throw undefined;
  },
  rejects: () => Promise.reject(new Error('rejected')),
  'rejects-later': () => {
    void Promise.reject(new Error('nobody waits for this'));
    return new Promise(() => {});
  },
  exits: () => process.exit(0),
  loops: () => {
    for (;;);
  },
  'never-answers': () => new Promise(() => {}),
  'exhausts-the-heap': () => {
    const kept: unknown[] = [];
    for (;;) kept.push(Array.from({ length: 10_000 }, (_, index) => ({ index })));
  },
  'answers-a-function': () => ({ data: { f: (() => 1) as never } }),
  'answers-garbage': () => 17 as never,
  'answers-a-status': () => ({ status: 99_999, data: { x: 1 } }),
  'answers-a-circle': () => {
    const circle: Record<string, unknown> = {};
    circle['again'] = circle;
    return { data: circle as never };
  },
};

const engine: EngineDefinition = defineEngine({
  name: 'hostile',
  version: '0.1.0',
  routes: {
    ...route('do/{way}', {
      summary: 'Fails in this way',
      update: {
        handler: async (ctx, { way }) => {
          ctx.storage.put(`first/${way}`, new TextEncoder().encode('1'));
          ctx.storage.put(`second/${way}`, new TextEncoder().encode('1'));
          if (way === 'floods-the-log') for (let index = 0; index < 20_000; index++) ctx.log('info', 'x'.repeat(100));
          if (way === 'writes-elsewhere') ctx.storage.put('../../core/tokens', new TextEncoder().encode('1'));
          if (way === 'writes-no-bytes') ctx.storage.put('text', 'text' as never);
          return (await ways[way]?.()) ?? { data: { done: true } };
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
  },
});
export default engine;
