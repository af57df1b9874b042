/** The examples, in every room they can run in, and one in another language: the same requests, the same answers. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPlugin } from '@strongroom/sdk-plugin/build';
import { type CatalogEntry, readCatalog } from '../../core/runner/catalog.ts';
import { moduleUrl } from '../../core/runner/plugin-file.ts';
import { componentEntry, componentOf } from '../harness/components.ts';
import { startHost, type TestHost } from '../harness/host.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

const at = (path: string): string => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));
const common = { kind: 'engine', name: 'hello', version: '1.0.0', aliases: {} } as const;

/** Whether C can be compiled to WebAssembly here. @throws Error where it must be */
function hasClang(): boolean {
  try {
    execFileSync('clang', ['--version'], { stdio: 'ignore' });
    execFileSync('wasm-ld', ['--version'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if (process.env['STRONGROOM_REQUIRE_SERVICES'] === '1') throw error;
    process.stderr.write('no clang and lld: the example in C is not rebuilt, its committed bytes run\n');
    return false;
  }
}

async function threadBundle(): Promise<CatalogEntry> {
  const out = join(folder, 'hello.mjs');
  await buildPlugin(at('hello/index.ts'), out);
  return { ...common, module: moduleUrl(readFileSync(out)) };
}

function rebuilt(): CatalogEntry {
  const out = join(folder, 'hello-c.wasm');
  execFileSync(process.execPath, ['--conditions=source', at('hello-c/build.ts'), out]);
  return componentEntry('hello-c', readFileSync(out));
}

const rooms: readonly (readonly [string, () => CatalogEntry | Promise<CatalogEntry>])[] = [
  ['hello in a thread, from its source', () => ({ ...common, module: new URL('../../examples/hello/index.ts', import.meta.url).href })],
  ['hello in a thread, from one built file', threadBundle],
  ['hello in a component', async () => componentEntry('hello', await componentOf('examples/hello/index.ts'))],
  ['hello in C, as committed', () => componentEntry('hello-c', readFileSync(at('hello-c/hello.wasm')))],
  ...(hasClang() ? ([['hello in C, rebuilt here', rebuilt]] as const) : []),
];

describe.each(rooms)('%s', (_, entry) => {
  let host: TestHost;
  beforeAll(async () => {
    const plugin = await entry();
    host = await startHost({ catalog: [...readCatalog(), plugin] });
    for (const path of ['a', 'b']) await host.send('POST', `sys/mounts/${path}`, { type: plugin.name });
  });
  afterAll(() => host.server.stop());

  test.each(['hi', '', 'ünï "quoted" \\ back', 'a,b]}{[', '\u{1f600}', 'x'.repeat(200)])('keeps the greeting %j', async (text) => {
    expect((await host.send('POST', 'a/greeting/bob', { text })).status).toBe(204);
    const { status, json } = await host.send('GET', 'a/greeting/bob');
    expect([status, json.data]).toEqual([200, { name: 'bob', text }]);
  });

  test('keeps what differs apart: names, and mounts', async () => {
    await host.send('POST', 'a/greeting/eve%22', { text: 'one' });
    await host.send('POST', 'b/greeting/eve%22', { text: 'two' });
    expect((await host.send('GET', 'a/greeting/eve%22')).json.data).toEqual({ name: 'eve"', text: 'one' });
    expect((await host.send('GET', 'b/greeting/eve%22')).json.data).toEqual({ name: 'eve"', text: 'two' });
  });

  test('answers 404 for a greeting that is not there, 405 and 400 for what its outline does not have', async () => {
    expect((await host.send('GET', 'a/greeting/nobody')).status).toBe(404);
    expect((await host.send('DELETE', 'a/greeting/bob')).status).toBe(405);
    expect((await host.send('POST', 'a/greeting/bob', {})).json.errors).toEqual(['missing required field text']);
    expect((await host.send('POST', 'a/greeting/bob', { text: 'x'.repeat(201) })).status).toBe(400);
  });
});
