/** Files of plugins from outside. Invariant: only bytes that have the config's hash, from a file that nobody else could write, are ever used. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCatalog } from './catalog.ts';
import { openOutsidePlugins, type OutsidePlugin } from './outside-plugins.ts';
import { moduleUrl, readPluginFile } from './plugin-file.ts';

const bytes = Buffer.from('a plugin');
const sha256 = createHash('sha256').update(bytes).digest('hex');
let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'strongroom-plugin-'));
  path = join(folder, 'p.wasm');
  writeFileSync(path, bytes, { mode: 0o644 });
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (changes: Partial<Parameters<typeof readPluginFile>[0]> = {}): Uint8Array =>
  readPluginFile({ name: 'p', path, sha256, ...changes });

describe('the file of a plugin', () => {
  test('is read when it has the hash that the config says', () => {
    expect(read()).toEqual(bytes);
  });

  test('is refused with another hash, naming both', () => {
    expect(() => read({ sha256: '0'.repeat(64) })).toThrow(
      `plugin p: field sha256: ${path} has the SHA-256 ${sha256}, the config says ${'0'.repeat(64)}`,
    );
  });

  test('is refused when it has changed by one byte', () => {
    writeFileSync(path, 'b plugin');
    expect(() => read()).toThrow('field sha256');
  });

  test.each([0o664, 0o646, 0o666])('is refused when others may write it (%o)', (mode) => {
    chmodSync(path, mode);
    expect(() => read()).toThrow(/plugin p: field path: .* is unsafe: it may be written by others/);
  });

  test.each([0o775, 0o757])('is refused when others may write its directory (%o)', (mode) => {
    chmodSync(folder, mode);
    expect(() => read()).toThrow(/is unsafe: its directory may be written by others/);
  });

  test('is refused when it is a link, a directory, a pipe or nothing', () => {
    const link = join(folder, 'link');
    symlinkSync(path, link);
    expect(() => read({ path: link })).toThrow('is a symbolic link');
    expect(() => read({ path: folder })).toThrow('is not a file');
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(() => read({ path: pipe })).toThrow('is not a file');
    expect(() => read({ path: join(folder, 'nothing') })).toThrow("can't be read (ENOENT)");
  });

  test.runIf(process.getuid?.() === 0)('is refused when it belongs to another user', () => {
    execFileSync('chown', ['12345', path]);
    expect(() => read()).toThrow('belongs to user 12345');
  });
});

describe('a plugin from outside', () => {
  const plugin: OutsidePlugin = {
    name: 'p',
    kind: 'engine',
    source: { path: '' },
    version: '1.0.0',
    sha256,
    isolation: 'component',
    memoryMiB: 64,
  };
  const open = (changes: Partial<OutsidePlugin>): unknown =>
    openOutsidePlugins([{ ...plugin, source: { path }, ...changes }], readCatalog());

  test('comes from a path or from an npm package', () => {
    expect(open({})).toMatchObject([{ name: 'p', isolation: 'component' }]);
    const installed = join(folder, 'node_modules', '@acme', 'p');
    mkdirSync(installed, { recursive: true });
    writeFileSync(join(installed, 'package.json'), JSON.stringify({ version: '1.0.0', strongroom: { component: 'p.wasm' } }));
    writeFileSync(join(installed, 'p.wasm'), bytes);
    const source = { package: '@acme/p', from: join(folder) };
    expect(open({ source })).toMatchObject([{ name: 'p' }]);
    expect(() => open({ source, version: '1.0.1' })).toThrow(
      'field version: the installed package has version 1.0.0, the config says 1.0.1',
    );
    expect(() => open({ source, isolation: 'thread' })).toThrow('field isolation: the package names no file for a thread');
    expect(() => open({ source: { ...source, package: 'q' } })).toThrow('field package: q is not installed at or above');
  });

  test('takes no name that the server has', () => {
    for (const name of ['kv', 'kv-v2'])
      expect(() => open({ name })).toThrow(`plugin ${name}: field name: the server has a plugin of this name`);
  });

  test('runs in the room that its file was built for', () => {
    expect(() => open({ isolation: 'thread' })).toThrow('field isolation: thread takes a file that ends in .mjs');
  });
});

test('the stack of what a module throws names it in a word, and not by all its bytes', () => {
  const module = Buffer.from("export default () => { throw new Error('thrown'); }; // no newline behind this");
  const run = `const { default: run } = await import(${JSON.stringify(moduleUrl(module))}); try { run(); } catch (error) { console.log(error.stack); }`;
  // In a process of its own: vitest prints stacks in its own way.
  const stack = execFileSync(process.execPath, ['--input-type=module', '--eval', run], { encoding: 'utf8' });
  expect(stack).toContain('plugin.mjs:1:');
  expect(stack).not.toContain('base64');
});
