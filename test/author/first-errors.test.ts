/** The first errors that the SDK's README shows are those that a newcomer gets. */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Context,
  defineAuthMethod,
  defineEngine,
  type EngineDefinition,
  outside,
  type Reply,
  route,
  schema as s,
} from '@strongroom/sdk-plugin';
import { buildPlugin } from '@strongroom/sdk-plugin/build';
import { TestMount } from '@strongroom/sdk-plugin/testing';
import { afterAll, expect, test } from 'vitest';
import { openOutsidePlugins } from '../../core/runner/outside-plugins.ts';
import { openSinks } from '../../core/system/open-sinks.ts';

const readme = readFileSync(new URL('../../sdk-plugin/README.md', import.meta.url), 'utf8').replaceAll('\n', ' ');
const shown = [...readme.matchAll(/_First error: `([^`]+)`/g)].map(([, text = '']) => text);
const folder = mkdtempSync(join(tmpdir(), 'strongroom-first-errors-'));
afterAll(() => rmSync(folder, { recursive: true }));

const hello = (handler: (ctx: Context) => Promise<Reply> | Reply, changes: Partial<EngineDefinition> = {}): EngineDefinition =>
  defineEngine({ name: 'hello', version: '1.0.0', routes: route('x', { summary: 'x', update: { handler } }), ...changes });
const call = (engine: EngineDefinition): Promise<unknown> => new TestMount(engine).call('update', 'x');
const nothing = (): Reply => ({});
let count = 0;

const lease = (kind: string): EngineDefinition =>
  hello(nothing, {
    routes: route('x', {
      summary: 'x',
      update: outside({ prepare: () => ({ plan: 1, lease: { kind, data: 1 } }), execute: () => 1 }),
    }),
  });

/** Does what shows each error, by the words of the README. */
const mistakes: readonly (() => unknown)[] = [
  () => {
    const path = join(folder, 'open', 'hello.wasm');
    mkdirSync(join(folder, 'open'));
    writeFileSync(path, '', { mode: 0o600 });
    chmodSync(join(folder, 'open'), 0o775);
    const sha256 = createHash('sha256').digest('hex');
    openOutsidePlugins(
      [{ name: 'hello', kind: 'engine', source: { path }, version: '1.0.0', sha256, isolation: 'component', memoryMiB: 64 }],
      [],
    );
  },
  () => new TestMount(hello(nothing)).call('update', 'y'),
  () =>
    new TestMount(hello(nothing, { routes: route('x', { summary: 'x', update: { input: { text: s.string() }, handler: nothing } }) })).call(
      'update',
      'x',
    ),
  () =>
    new TestMount(
      hello(nothing, {
        routes: route('x', {
          summary: 'x',
          update: { input: { pin: s.secret() }, handler: (_, _params, { pin }) => ({ data: pin as unknown as string }) },
        }),
      }),
    ).call('update', 'x', { pin: '1234' }),
  () => call(hello(() => ({ data: ++count }))),
  () =>
    call(
      hello(async (ctx) => {
        const key = await ctx.crypto.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt']);
        return { data: (await ctx.crypto.exportKey('raw', key)).length };
      }),
    ),
  () =>
    call(
      hello(nothing, {
        routes: route('x', {
          summary: 'x',
          update: outside({
            prepare: () => ({ plan: 1 }),
            execute: async (world) => (await world.fetch({ method: 'GET', url: 'https://keys.example/' })).status,
          }),
        }),
      }),
    ),
  () => call(lease('key')),
  () => new TestMount(hello(nothing, { jobs: { tidy: { every: 60, run: () => 'more' } } })).runJob('tidy'),
  () => new TestMount(hello(nothing, { version: '2.0.0' })).upgrade(hello(nothing)),
  () =>
    new TestMount(
      defineAuthMethod({
        name: 'door',
        version: '1.0.0',
        routes: route('x', { summary: 'x', update: { handler: () => ({ login: { alias: 'a', displayName: 'a', policies: [] } }) } }),
        renew: () => ({ alias: 'a', displayName: 'a', policies: [] }),
      }),
    ).call('update', 'x'),
  () =>
    openSinks(
      [
        {
          kind: 'audit-sink',
          name: 'http-collector',
          version: '1.0.0',
          aliases: {},
          module: new URL('../../examples/http-collector/index.ts', import.meta.url).href,
        },
      ],
      [{ name: 'far', type: 'http-collector', required: true, options: {} }],
    ),
  () => {
    writeFileSync(join(folder, 'index.ts'), "import { readFileSync } from 'node:fs';\nexport default readFileSync;\n");
    return buildPlugin(join(folder, 'index.ts'), join(folder, 'index.wasm'));
  },
];

test('every first error has its mistake', () => {
  expect(shown).toHaveLength(mistakes.length);
});

test.each(shown.map((text, index) => [text, index] as const))('%s', async (text, index) => {
  const error: unknown = await Promise.resolve()
    .then(mistakes[index])
    .catch((reason: unknown) => reason);
  const parts = text.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  expect((error as Error).message).toMatch(new RegExp(parts.join('.*')));
});
