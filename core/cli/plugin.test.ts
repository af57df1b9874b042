import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rawPlugin } from '../../test/harness/raw-component.ts';
import { run } from './run.ts';
import type { Terminal } from './terminal.ts';

const hello = fileURLToPath(new URL('../../examples/hello/index.ts', import.meta.url));
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'strongroom-plugin-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function strongroom(...args: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const said = { out: '', err: '' };
  const terminal: Terminal = {
    env: {},
    interactive: false,
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    readStdin: () => Promise.resolve(''),
    readFile: (path) => readFileSync(path, 'utf8'),
    askSecret: () => Promise.reject(new Error('nobody is there')),
    writePrivateFile: () => {},
  };
  return { code: await run(args, terminal), ...said };
}

describe.each(['wasm', 'mjs'])('a plugin built as .%s', (extension) => {
  const file = (): string => join(folder, `hello.${extension}`);

  test('is built, inspected and tested', async () => {
    const built = await strongroom('plugin', 'build', hello, '--out', file());
    expect(built).toMatchObject({ code: 0, err: '' });
    const sha256 = createHash('sha256').update(readFileSync(file())).digest('hex');
    expect(built.out).toContain(`SHA-256 ${sha256}`);
    const inspected = await strongroom('plugin', 'inspect', file());
    expect(inspected.out).toContain('hello 1.0.0\n');
    expect(inspected.out).toContain(sha256);
    expect(inspected.out).toContain('  greeting/{name}  read, update  A greeting\n');
    expect(inspected.out.includes('imports    strongroom:plugin/host@1.0.0')).toBe(extension === 'wasm');
    expect(await strongroom('plugin', 'test', file())).toMatchObject({
      code: 0,
      out: expect.stringContaining('ok     read greeting/{name}\n') as string,
    });
  });
});

test('a plugin that traps fails its test', async () => {
  const outline =
    '{"name":"raw","version":"1","routes":{"r":{"template":"r","summary":"","access":"token","verbs":{"read":{"summary":"","reads":[],"input":{}}}}}}';
  const file = join(folder, 'traps.wasm');
  writeFileSync(file, await rawPlugin({ outline, run: 'unreachable' }));
  expect(await strongroom('plugin', 'test', file)).toMatchObject({
    code: 2,
    out: expect.stringContaining('FAILED read r: internal') as string,
  });
});

test.each([
  [['plugin', 'build', hello], 1, 'Expected SOURCE --out'],
  [['plugin', 'build', hello, '--out', 'x.txt'], 2, '--out x.txt: expected a name that ends in .wasm (component) or .mjs (thread)'],
  [['plugin', 'build', '/nothing/here.ts', '--out', 'x.wasm'], 2, '/nothing/here.ts: there is no such file'],
  [['plugin', 'inspect', hello], 2, 'expected a file that ends in .wasm'],
  [['plugin', 'inspect'], 1, 'Expected one FILE'],
])('%j is refused', async (args, code, why) => {
  expect(await strongroom(...args)).toMatchObject({ code, err: expect.stringContaining(why) as string });
});

test('a source that needs Node is refused with its place', async () => {
  const source = join(folder, 'needs-node.ts');
  writeFileSync(source, "import { readFileSync } from 'node:fs';\nexport default readFileSync;\n");
  expect(await strongroom('plugin', 'build', source, '--out', join(folder, 'x.wasm'))).toMatchObject({
    code: 2,
    err: expect.stringMatching(/needs-node\.ts:1: Could not resolve "node:fs"/) as string,
  });
});
