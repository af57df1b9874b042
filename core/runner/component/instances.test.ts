/**
 * Components that break the contract, run for real. Invariants: a trap or a malformed answer costs the calls of its own instance, and no
 * other; no instance gets more memory than the config says; nothing it hands over is unbounded.
 */
import { describe, expect, test } from 'vitest';
import type { FromWorker } from '@strongroom/sdk-plugin/serving';
import { componentOf } from '../../../test/harness/components.ts';
import { fromText, type RawPlugin, rawPlugin } from '../../../test/harness/raw-component.ts';
import { incomingOf } from '../turn-batch.ts';
import type { Link } from './instance.ts';
import { Instances } from './instances.ts';
import { ComponentSource } from './prepare.ts';

interface Room {
  readonly sent: FromWorker[];
  readonly call: (call: number, mountId?: string, way?: string) => FromWorker[];
}

async function open(plugin: RawPlugin, memoryMiB = 4): Promise<Room> {
  return openBytes(await rawPlugin(plugin), memoryMiB);
}

async function openBytes(bytes: Uint8Array, memoryMiB: number): Promise<Room> {
  const prepared = await new ComponentSource('raw', () => bytes, memoryMiB).prepare();
  const { instantiate } = (await import(`data:text/javascript,${encodeURIComponent(prepared.glue)}`)) as { readonly instantiate: Link };
  const sent: FromWorker[] = [];
  const instances = new Instances(instantiate, prepared, false, (message) => void sent.push(message));
  return {
    sent,
    call(call, mountId = 'm', way = 'w') {
      sent.length = 0;
      const message = {
        kind: 'call',
        call,
        phase: 'handle',
        mountId,
        mount: '{}',
        template: 'do/{way}',
        verb: 'update',
        params: { way },
        input: {},
        now: 1,
        caller: '{}',
        entries: [],
      } as const;
      instances.receive(incomingOf(message));
      return [...sent];
    },
  };
}
const fine = '{"kind":"reply","call":1,"writes":[],"reply":{}}';
const waits = '{"kind":"questions","call":1,"ask":[{"question":1,"kind":"get","key":"k"}]}';

describe('an answer', () => {
  test('of the right call ends it', async () => {
    const { call } = await open({ head: fine, body: '{"x":1}' });
    expect(call(1)).toMatchObject([{ kind: 'reply', call: 1, reply: { data: '{"x":1}' } }]);
  });

  test.each([
    ['[1,false,404,5.5,null]', { uncacheable: false, reply: { data: '{"x":1}', status: 404, validUntil: 5.5 } }],
    ['[1,true,null,null,60]', { uncacheable: true, reply: { data: '{"x":1}', leaseDuration: 60 } }],
    ['[1]', 'field status'],
    ['[2,false,null,null,null]', 'field call: an answer about another request'],
    ['[1,false,"200",null,null]', 'field status'],
    ['[1,false,null,"soon",null]', 'field validUntil'],
    ['[1,false,null,null,{}]', 'field leaseDuration'],
    ['[]', 'field call'],
  ])('may be a row: %s', async (head, expected) => {
    const { call } = await open({ head, body: '{"x":1}' });
    const ended =
      typeof expected === 'string'
        ? { kind: 'failure', report: expect.stringContaining(expected) as string }
        : { kind: 'reply', call: 1, writes: [], ...expected };
    expect(call(1)).toMatchObject([ended]);
  });

  test('that is a row has JSON for its data', async () => {
    const { call } = await open({ head: '[1,false,null,null,null]', body: '{"x":1},"auth":{}' });
    expect(call(1)).toMatchObject([{ kind: 'failure', report: 'the instance is dropped: BadTurn: field body: not JSON' }]);
  });

  test('for another request fails its own, and is given to nobody', async () => {
    const { call } = await open({ head: fine });
    expect(call(2)).toMatchObject([
      {
        kind: 'failure',
        call: 2,
        code: 'internal',
        report: 'the instance is dropped: BadTurn: field call: an answer about another request',
      },
    ]);
  });

  test('that breaks the contract drops the instance with every call that waits in it, and no other instance', async () => {
    // Answers call 1 whoever asks.
    const { call } = await open({ head: waits });
    expect(call(1, 'a')).toMatchObject([{ kind: 'question', call: 1 }]);
    expect(call(2, 'b')).toMatchObject([{ kind: 'failure', call: 2 }]);
    expect(call(3, 'a').map((message) => [message.kind, 'call' in message && message.call])).toEqual([
      ['failure', 1],
      ['failure', 3],
    ]);
  });
});

describe('a plugin that', () => {
  const failing: readonly (readonly [string, RawPlugin, RegExp])[] = [
    ['traps', { run: 'unreachable' }, /RuntimeError: unreachable/],
    ['recurses without end', { run: '(call $run)' }, /RangeError/],
    ['reads outside its memory', { run: '(drop (i32.load (i32.const -4)))' }, /RuntimeError: memory access out of bounds/],
    [
      'asks for 2 GiB of randomness',
      { run: '(call $random (i32.const 0x7fffffff) (i32.const 64))' },
      /RangeError: random: at most 65536 bytes/,
    ],
    [
      'names text outside its memory',
      { run: '(call $log (i32.const 1) (i32.const 0x7fffffff) (i32.const 100))' },
      /RangeError: a pointer outside the memory/,
    ],
    ['has the host write outside its memory', { run: '(call $random (i32.const 8) (i32.const 0x7fffffff))' }, /RangeError/],
    [
      'answers text that is not UTF-8',
      { head: fine, run: '(i64.store (i32.const 1024) (i64.const -1)) (memory.fill (i32.const 1024) (i32.const 0xff) (i32.const 400))' },
      /dropped/,
    ],
  ];
  test.each(failing)('%s costs its own call', async (_, plugin, report) => {
    const { call } = await open({ head: fine, ...plugin });
    expect(call(1)).toMatchObject([
      { kind: 'failure', call: 1, code: 'internal', message: '', report: expect.stringMatching(report) as string },
    ]);
  });

  test.each([
    ['what fits', 250, 'reply'],
    ['100 MiB, by naming the same page again and again', 1600, 'failure'],
    ['nothing, 140,000 times', 140_000, 'failure'],
  ])('answers %s', async (_, times, kind) => {
    const { call } = await open({ head: fine, repeat: { bytes: times > 2000 ? 0 : 65_536, times } }, 64);
    expect(call(1)).toMatchObject([{ kind }]);
  });

  test('floods the log has its first lines kept, each cut, and is told on', async () => {
    const loop =
      '(loop $l (call $log (i32.const 1) (i32.const 0) (i32.const 65536)) (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $l (i32.lt_u (local.get $n) (i32.const 5000))))';
    const { call } = await open({ head: fine, run: loop });
    const lines = call(1).filter((message) => message.kind === 'log');
    expect(lines).toHaveLength(1001);
    expect(Math.max(...lines.map(({ message }) => message.length))).toBe(4096);
    expect(lines.at(-1)).toMatchObject({ level: 'warn', message: '4000 more lines of this turn are left out' });
  });
});

test.each([
  ['all that the config gives', 63, 'reply'],
  ['one page more', 64, 'failure'],
])('a memory grows to %s', async (_, pages, kind) => {
  // 4 MiB are 64 pages; one is there from the beginning.
  const { call } = await open({ head: fine, run: `(if (i32.eq (memory.grow (i32.const ${pages})) (i32.const -1)) (then unreachable))` }, 4);
  expect(call(1)).toMatchObject([{ kind }]);
});

test('a module that is instantiated twice would have its memory twice, and is refused', async () => {
  const plugin = '(func (export "handle")) (func (export "describe")) (memory (export "memory") 1) (func (export "cabi_realloc"))';
  const twice = `(component (core module $m ${plugin}) (core instance (instantiate $m)) (core instance (instantiate $m)))`;
  const { call } = await openBytes(await fromText(twice), 4);
  expect(call(1)).toMatchObject([{ kind: 'failure', report: 'no instance: Refusal: it instantiates a module twice' }]);
});

test.each([
  ['over half of its memory', 33, false],
  ['half of its memory', 31, true],
])('an instance that has taken %s and failed in a way that its plugin has not foreseen: is it used again', async (_, pages, again) => {
  // Writes down that it was here, and traps if it was. It has 64 pages, and one from the beginning.
  const failing = '{"kind":"failure","call":1,"code":"internal","message":"","report":"no memory"}';
  const { call } = await open(
    {
      head: failing,
      run: `(if (i32.load (i32.const 16)) (then unreachable)) (i32.store (i32.const 16) (i32.const 1)) (drop (memory.grow (i32.const ${pages})))`,
    },
    4,
  );
  expect(call(1)).toEqual([{ ...JSON.parse(failing), ...(again ? {} : { costly: true }) }]);
  const trapped = { kind: 'failure', code: 'internal', report: 'the instance is dropped: RuntimeError: unreachable', costly: true };
  expect(call(1)).toMatchObject([again ? trapped : { report: 'no memory' }]);
});

test('an instance that goes on failing so is dropped, with the calls that wait in it', async () => {
  const { call } = await openBytes(await componentOf('test/isolation/hostile/index.ts'), 32);
  expect(call(1, 'm', 'reads-10000-times')).toMatchObject([{ kind: 'question', call: 1 }]);
  for (let number = 2; number <= 16; number += 1) expect(call(number, 'm', 'throws')).toMatchObject([{ kind: 'failure', call: number }]);
  expect(call(17, 'm', 'throws')).toMatchObject([
    { kind: 'failure', call: 17 },
    { kind: 'failure', call: 1, report: 'the instance is dropped: 16 internal failures in a row' },
  ]);
  expect(call(18, 'm', 'fine')).toMatchObject([{ kind: 'reply', call: 18 }]);
});

test('instances share no memory', async () => {
  // Traps when its own memory has been written to by an earlier turn.
  const { call } = await open({
    head: fine,
    run: '(if (i32.load (i32.const 16)) (then unreachable)) (i32.store (i32.const 16) (i32.const 1))',
  });
  expect(call(1, 'a')).toMatchObject([{ kind: 'reply' }]);
  expect(call(1, 'b')).toMatchObject([{ kind: 'reply' }]);
  expect(call(1, 'a')).toMatchObject([{ kind: 'failure' }]);
  // It was dropped: a new one begins.
  expect(call(1, 'a')).toMatchObject([{ kind: 'reply' }]);
});
