/** What is refused when a component is loaded. Invariant: nothing of it was transpiled to code, compiled or run before. */
import { describe, expect, test } from 'vitest';
import { fromText, rawPlugin } from '../../../test/harness/raw-component.ts';
import { admitComponent, capModules, componentLimits } from './admission.ts';
import { inspectModule } from './core-module.ts';
import transpile from './transpile-task.ts';

const around = (module: string): string => `(component (core module $m ${module}) (core instance $i (instantiate $m)))`;
const imports = (name: string): string => `(component (import "${name}" (instance $e (export "f" (func)))))`;
const plugin = '(func (export "handle"))';
const nested = (depth: number): string => (depth === 0 ? '(component)' : `(component ${nested(depth - 1)})`);
const quoted = (module: string, field: string): string =>
  `(component (core module $a (func (export "${field}"))) (core instance $i (instantiate $a))
    (core module $m (import "${module}" "${field}" (func))) (core instance $j (instantiate $m (with "${module}" (instance $i)))))`;

describe('a component is admitted', () => {
  test('when it imports the plugin interface alone', async () => {
    expect(admitComponent(await rawPlugin({}))).toEqual({
      imports: ['strongroom:plugin/host@1.0.0', 'strongroom:plugin/types@1.0.0'],
      modules: expect.any(Number) as number,
      memoryBytes: 65_536,
    });
  });
});

describe('a component is refused', () => {
  test.each([
    [
      'that reaches the environment',
      imports('wasi:cli/environment@0.2.12'),
      'it imports wasi:cli/environment@0.2.12, and plugins may import',
    ],
    ['that reaches files', imports('wasi:filesystem/types@0.2.0'), 'it imports wasi:filesystem/types@0.2.0'],
    ['that reaches sockets', imports('wasi:sockets/tcp@0.2.0'), 'it imports wasi:sockets/tcp@0.2.0'],
    ['that reaches a clock', imports('wasi:clocks/monotonic-clock@0.2.0'), 'it imports wasi:clocks/monotonic-clock@0.2.0'],
    ['that reaches HTTP', imports('wasi:http/outgoing-handler@0.2.0'), 'it imports wasi:http/outgoing-handler@0.2.0'],
    ['that ends the process', imports('wasi:cli/exit@0.2.0'), 'it imports wasi:cli/exit@0.2.0'],
    ['that reaches the terminal', imports('wasi:cli/stdout@0.2.0'), 'it imports wasi:cli/stdout@0.2.0'],
    ['that imports a module of the host', '(component (import "node:fs" (instance)))', 'it imports node:fs, and plugins may import'],
    ['made for another version', imports('strongroom:plugin/host@2.0.0'), 'this server speaks version 1.0.0 of the plugin interface'],
    ['that imports a function', '(component (import "run" (func)))', 'it imports run'],
    ['that imports a resource', '(component (import "file" (type (sub resource))))', 'it imports file'],
    ['that imports a module', '(component (import "code" (core module)))', 'it imports code'],
    ['with threads', around('(memory 1 2 shared)'), 'it uses threads: a shared memory'],
    ['that imports a shared memory', '(component (core module (import "a" "m" (memory 1 2 shared))))', 'it uses threads: a shared memory'],
    ['with a 64-bit memory', around('(memory i64 1)'), 'a 64-bit memory'],
    ['with collected arrays', around('(type (array (mut i64)))'), 'it uses garbage collection: a type that is no function'],
    ['with collected structs', around('(type (struct (field i32)))'), 'it uses garbage collection'],
    ['with types that know each other', around('(rec (type (func)) (type (func (param (ref null 0)))))'), 'it uses garbage collection'],
    ['with subtypes', around('(type (sub (func)))'), 'it uses garbage collection'],
    ['with exceptions', around('(tag (param i32))'), 'it uses exceptions'],
    ['with a large table', around('(table 65537 funcref)'), 'a table begins with 65537 elements, at most 65536 are allowed'],
    ['nested too deeply', nested(9), 'more than 8 deep'],
    ['with many modules', `(component ${'(core module)'.repeat(65)})`, 'more than 64 modules'],
    ['with a quote in a module name', quoted("x': (globalThis.PWNED = 1), 'y", 'x'), 'a name in it has a quote'],
    ['with a quote in a field name', quoted('x', "x'](globalThis.PWNED = 1)['y"), 'a name in it has a quote'],
    ['with a double quote in a name', quoted('x\\"y', 'f'), 'a name in it has a quote'],
    ['with a backtick in a name', quoted('x`y', 'f'), 'a name in it has a quote'],
    ['with a backslash in a name', quoted('x\\\\y', 'f'), 'a name in it has a quote'],
    ['with a line break in a name', quoted('x\\0ay', 'f'), 'a name in it has a quote'],
    ['with a line separator in a name', quoted('x\\u{2028}y', 'f'), 'a name in it has a quote'],
    ['with a comment in a name', quoted('x*/y', 'f'), 'a name in it has a quote'],
  ])('%s', async (_, text, why) => {
    const bytes = await fromText(text);
    expect(() => admitComponent(bytes)).toThrow(why);
    expect(await transpile({ bytes, memoryMiB: 64 })).toMatchObject({ kind: 'refused', why: expect.stringContaining(why) as string });
  });

  test('when it is no component, cut short, or too large', async () => {
    const fine = await rawPlugin({});
    expect(() => admitComponent(Buffer.from('no'))).toThrow('it is not a WebAssembly component');
    expect(() => admitComponent(new Uint8Array(0))).toThrow('it is not a WebAssembly component');
    for (let end = 8; end < fine.length / 2; end += 7)
      expect(await transpile({ bytes: fine.subarray(0, end), memoryMiB: 64 })).toMatchObject({ kind: 'refused' });
    const large = new Uint8Array(componentLimits.bytesMax + 1);
    expect(() => admitComponent(large)).toThrow(`it has ${large.length} bytes, at most ${componentLimits.bytesMax} are allowed`);
  });

  test.each([
    ['no module exports handle', around('(memory 1)'), 'it does not export handle'],
    [
      'two modules export handle',
      `(component (core module $a ${plugin}) (core module $b ${plugin}) (core instance (instantiate $a)) (core instance (instantiate $b)))`,
      'two modules in it export handle',
    ],
  ])('when %s', async (_, text, why) => {
    expect(await transpile({ bytes: await fromText(text), memoryMiB: 64 })).toEqual({ kind: 'refused', why });
  });

  test('whose memory begins with more than the config gives it', async () => {
    const bytes = await rawPlugin({ pages: 65 });
    expect(await transpile({ bytes, memoryMiB: 4 })).toEqual({
      kind: 'refused',
      why: `its memory begins with ${65 * 65_536} bytes, field memory_mib allows 4 MiB`,
    });
    expect(await transpile({ bytes, memoryMiB: 5 })).toMatchObject({ kind: 'prepared' });
  });
});

describe('memories', () => {
  const cap = async (modules: Readonly<Record<string, string>>, memoryMiB: number): Promise<(number | undefined)[][]> => {
    const entries = await Promise.all(Object.entries(modules).map(async ([name, text]) => [name, await fromText(text)] as const));
    return Object.values(capModules(Object.fromEntries(entries), memoryMiB)).map((bytes) =>
      inspectModule(bytes).memories.map(({ max }) => max),
    );
  };

  test('have a maximum together: the largest gets what the others leave', async () => {
    expect(await cap({ a: `(module (memory 20) ${plugin})`, b: '(module (memory 1))', c: '(module (memory 2 3))' }, 4)).toEqual([
      [64 - 17 - 3],
      [17],
      [3],
    ]);
  });

  test('keep a smaller maximum of their own, and lose a larger one', async () => {
    expect(await cap({ a: `(module (memory 1 2) ${plugin})` }, 4)).toEqual([[2]]);
    expect(await cap({ a: `(module (memory 1 65536) ${plugin})` }, 4)).toEqual([[64]]);
  });

  test('are no way around: tables are counted as well', async () => {
    const tables = (count: number): string => '(table 0 funcref)'.repeat(count);
    expect(await cap({ a: `(module (memory 1) ${plugin} ${tables(10)})`, b: `(module ${tables(6)})` }, 4)).toHaveLength(2);
    await expect(cap({ a: `(module (memory 1) ${plugin} ${tables(10)})`, b: `(module ${tables(7)})` }, 4)).rejects.toThrow(
      '17 tables, at most 16 are allowed',
    );
  });

  test('are counted', async () => {
    const modules = Object.fromEntries(
      Array.from({ length: 9 }, (_, index) => [`m${index}`, `(module (memory 0) ${index === 0 ? plugin : ''})`]),
    );
    await expect(cap(modules, 64)).rejects.toThrow('9 memories, at most 8 are allowed');
  });
});
