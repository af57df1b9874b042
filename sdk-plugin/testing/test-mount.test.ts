/** The test kit itself: what it lets through holds in a server, and what would not hold there it names. */
import { describe, expect, test } from 'vitest';
import type { Answered, Context, EngineDefinition } from '../engine.ts';
import { defineEngine, route } from '../engine.ts';
import { PluginError } from '../errors.ts';
import { leaseStep, outside, type OutsideRequest } from '../outside.ts';
import * as s from '../schema.ts';
import { upon } from '../upon.ts';
import { decodeUtf8, encodeUtf8 } from '../utf8.ts';
import { RestartError, runIn, TestMount, type TestMountOptions } from './test-mount.ts';

type Handler = (ctx: Context) => Answered;

function engineOf(handler: Handler, changes: Partial<EngineDefinition> = {}): EngineDefinition {
  return defineEngine({
    name: 'tried',
    version: '1.0.0',
    routes: route('x', { summary: 'x', read: { handler }, update: { handler } }),
    ...changes,
  });
}

/** What a call of the handler throws, or answers. */
async function outcome(handler: Handler, mount?: TestMountOptions): Promise<unknown> {
  try {
    return (await new TestMount(engineOf(handler), mount).call('update', 'x'))?.data;
  } catch (error) {
    return error;
  }
}

const numberAt = async (ctx: Context, key: string): Promise<number> => Number(decodeUtf8((await ctx.storage.get(key)) ?? encodeUtf8('0')));

describe('a handler reads an entry as text', () => {
  const mount = new TestMount(
    defineEngine({
      name: 'reader',
      version: '1.0.0',
      routes: {
        ...route('along/{key}', {
          summary: 'x',
          read: { reads: ['{key}'], handler: async (ctx, { key }) => ({ data: (await ctx.storage.text(key)) ?? 'none' }) },
        }),
        ...route('asked/{key}', {
          summary: 'x',
          read: { handler: (ctx, { key }) => upon(ctx.storage.text(key), (text) => ({ data: text ?? 'none' })) },
        }),
        ...route('kept', {
          summary: 'x',
          update: {
            handler: (ctx) => {
              ctx.storage.put('plain', encodeUtf8('{"a":1}'));
              ctx.storage.put('more', encodeUtf8('sécret'));
              ctx.storage.put('empty', new Uint8Array(0));
              ctx.storage.put('bytes', Uint8Array.of(0x61, 0xff));
            },
          },
        }),
        ...route('written', {
          summary: 'x',
          update: {
            handler: async (ctx) => {
              ctx.storage.put('new', encodeUtf8('wr€tten'));
              ctx.storage.delete('plain');
              return { data: [await ctx.storage.text('new'), (await ctx.storage.text('plain')) ?? 'none'] as string[] };
            },
          },
        }),
      },
    }),
  );
  test.each(['along', 'asked'])('%s', async (way) => {
    await mount.call('update', 'kept');
    const read = (key: string): Promise<unknown> => mount.data('read', `${way}/${key}`);
    expect([await read('plain'), await read('more'), await read('empty'), await read('gone')]).toEqual(['{"a":1}', 'sécret', '', 'none']);
    await expect(read('bytes')).rejects.toThrow('UTF-8');
  });

  test('that it has written itself', async () => {
    expect(await mount.data('update', 'written')).toEqual(['wr€tten', 'none']);
  });
});

test('upon goes on with a value, with a promise, and with what neither can be', async () => {
  expect(upon(1, (one) => one + 1)).toBe(2);
  expect(await upon(Promise.resolve(1), (one) => Promise.resolve(one + 1))).toBe(2);
  await expect(upon(Promise.reject(new Error('no')), () => 1)).rejects.toThrow('no');
});

describe('a handler is begun anew after each of its reads, and after its end', () => {
  test('and is let through when that changes nothing', async () => {
    const mount = new TestMount(
      engineOf(async (ctx) => {
        ctx.log('info', 'runs');
        const next = (await numberAt(ctx, 'n')) + 1;
        await ctx.storage.list('');
        ctx.storage.put('n', encodeUtf8(String(next)));
        return { data: { next, random: [...ctx.random(4)], now: ctx.now(), hash: await ctx.passwords.hash('p') } };
      }),
    );
    const first = (await mount.data('update', 'x')) as { next: number; random: number[]; hash: string };
    // To its end, given up at the first read, at the second, and to its end after each of these.
    expect(mount.log).toHaveLength(6);
    expect(mount.passwords.computed).toBe(1);
    const second = (await mount.data('update', 'x')) as typeof first;
    expect([first.next, second.next]).toEqual([1, 2]);
    expect(second.random).not.toEqual(first.random);
    expect(second.hash).not.toBe(first.hash);
    expect(mount.trace).toEqual({ uncacheable: true, asked: ['n', ''] });
  });

  test('and at 64 of them, the first and the last among them, when it reads more often', async () => {
    const runs: string[] = [];
    await outcome(async (ctx) => {
      const run = runs.push('') - 1;
      for (let n = 1; n <= 300; n++) {
        await ctx.storage.get(`k${n}`);
        runs[run] = `k${n}`;
      }
    });
    // Each given up before what it asked for came, then a whole one.
    expect(runs).toHaveLength(1 + 2 * 64 + 1);
    expect([runs[1], runs[3]?.slice(0, 1), runs[2 * 64 - 1]]).toEqual(['', 'k', 'k299']);
    expect(runs.filter((last) => last === 'k300')).toHaveLength(1 + 64 + 1);
  });

  test('and is refused when it counts in a variable', async () => {
    let count = 0;
    const error = await outcome(() => ({ data: { count: ++count } }));
    expect(error).toBeInstanceOf(RestartError);
    expect((error as Error).message).toMatch(
      /^update x: restarted at its end, it gives another result: data was \{"count":1\}, then \{"count":2\}\. A call may run more than once/,
    );
  });

  test('and is refused when it leaves something behind in the middle, with the read that shows it', async () => {
    let busy = false;
    const handler: Handler = async (ctx) => {
      if (busy) throw new PluginError('denied', 'busy');
      await ctx.storage.get('a');
      busy = true;
      await ctx.storage.get('b');
      busy = false;
    };
    expect(String(await outcome(handler))).toMatch(
      'update x: restarted at its read 2 of 2 (get b), it gives another result: it answered, then it refused (denied: busy)',
    );
    expect(await outcome(handler, { restarts: false })).toMatchObject({ code: 'denied' });
  });

  test.each<readonly [string, Handler, RegExp]>([
    [
      'changes what `derived` gave',
      async (ctx) => {
        const kept = (await ctx.storage.derived('list', (bytes) => JSON.parse(decodeUtf8(bytes)) as number[])) ?? [];
        kept.push(1);
        return { data: kept.length };
      },
      /data was 1, then 2/,
    ],
    ['asks another clock', (ctx) => ctx.storage.put('t', encodeUtf8(String(process.hrtime.bigint()))), /its write to t was \d+, then \d+/],
    ['asks another randomness', () => ({ data: Math.random() }), /data was 0/],
  ])('and is refused when it %s', async (_, handler, message) => {
    const mount = new TestMount(engineOf(handler));
    mount.put('list', encodeUtf8('[]'));
    await expect(mount.call('update', 'x')).rejects.toThrow(message);
  });
});

test('a plugin runs in another room when it is told to, and only there', async () => {
  const engine = engineOf(() => ({ data: 'here' }));
  runIn(engine, (room) => ({
    receive: (message) => {
      if (message.kind === 'call')
        room.send({ kind: 'reply', call: message.call, reply: { data: '"there"' }, writes: [], uncacheable: false });
    },
  }));
  expect(await new TestMount(engine).data('read', 'x')).toBe('there');
  expect(await new TestMount({ ...engine }).data('read', 'x')).toBe('here');
});

describe('storage', () => {
  test('keeps all that a handler wrote, or nothing when it throws', async () => {
    let fails = true;
    const mount = new TestMount(
      engineOf((ctx) => {
        ctx.storage.put('a', encodeUtf8('1'));
        if (fails) throw new PluginError('invalid', 'no');
      }),
    );
    await expect(mount.call('update', 'x')).rejects.toThrow('no');
    expect(mount.entries.size).toBe(0);
    fails = false;
    await mount.call('update', 'x');
    expect([...mount.entries.keys()]).toEqual(['a']);
  });

  test('loses no update of calls that run at once', async () => {
    const mount = new TestMount(engineOf(async (ctx) => ctx.storage.put('n', encodeUtf8(String((await numberAt(ctx, 'n')) + 1)))));
    await Promise.all(Array.from({ length: 6 }, () => mount.call('update', 'x')));
    expect(decodeUtf8(mount.entries.get('n') ?? new Uint8Array(0))).toBe('6');
  });

  test('lists what the handler itself wrote and deleted, directories too', async () => {
    const mount = new TestMount(
      engineOf(async (ctx) => {
        for (const key of ['a/1', 'b/1', 'c']) ctx.storage.delete(key);
        ctx.storage.put('d/1', encodeUtf8(''));
        return { data: { all: await ctx.storage.list(''), after: await ctx.storage.list('', 'a/', 1), b: await ctx.storage.list('b/') } };
      }),
    );
    for (const key of ['a/1', 'b/1', 'b/2', 'c', 'e']) mount.put(key, encodeUtf8(''));
    expect(await mount.data('read', 'x')).toEqual({ all: ['b/', 'd/', 'e'], after: ['b/'], b: ['2'] });
  });

  test('refuses keys that could leave the mount', async () => {
    expect(String(await outcome((ctx) => ctx.storage.put('../a', encodeUtf8(''))))).toMatch('malformed storage key: "../a"');
    expect(String(await outcome(async (ctx) => void (await ctx.storage.get('a//b'))))).toMatch('malformed storage key: "a//b"');
  });
});

describe('a request', () => {
  const engine = defineEngine({
    name: 'typed',
    version: '1.0.0',
    routes: {
      ...route('items/{name}', {
        summary: 'An item',
        exists: 'item/{name}',
        lowercase: ['name'],
        create: {
          input: { ttl: s.duration() },
          handler: (ctx, { name }, { ttl }) => ctx.storage.put(`item/${name}`, encodeUtf8(String(ttl))),
        },
        update: { input: { data: s.opaque() }, handler: (_, { name }, { data }) => ({ data: { name, data } }) },
      }),
      ...route('items/{path+}', { summary: 'Items', list: { handler: (_, { path }) => ({ data: { path } }) } }),
    },
  });

  test('is read as a server reads it: forms of input, names without case, create or update, user JSON as it was written', async () => {
    const mount = new TestMount(engine);
    expect(await mount.call('update', 'items/A', { ttl: '1h' })).toBeUndefined();
    expect([mount.exists('items/a'), decodeUtf8(mount.entries.get('item/a') ?? new Uint8Array(0))]).toEqual([true, '3600']);
    expect((await mount.call('update', 'items/a', { data: { n: 1 } }))?.text).toBe('{"name":"a","data":{"n":1}}');
    expect(await mount.data('list', 'items/')).toEqual({ path: '' });
  });

  test.each<readonly [string, string, Record<string, unknown>, PluginError]>([
    ['update', 'items/a', {}, new PluginError('invalid', 'missing required field ttl')],
    ['update', 'items/a', { ttl: [] }, new PluginError('invalid', 'field ttl: must be integer')],
    ['read', 'items/a', {}, new PluginError('unsupported', 'unsupported operation')],
    ['read', 'other', {}, new PluginError('missing', 'unsupported path')],
  ])('%s %s %j is refused in the words that clients get', async (verb, path, input, refusal) => {
    await expect(new TestMount(engine).call(verb as 'read', path, input)).rejects.toThrow(refusal);
  });

  test('that a handler fails at shows its own error, and where', async () => {
    const error = await outcome(() => {
      throw new RangeError('not so far');
    });
    expect([error instanceof PluginError, (error as Error).message, (error as Error).stack]).toEqual([
      false,
      'not so far',
      expect.stringContaining('test-mount.test.ts'),
    ]);
  });
});

describe('what reaches outside', () => {
  const asked: string[] = [];
  const service = (fails: (method: string) => boolean): TestMount => {
    asked.length = 0;
    return new TestMount(keys, {
      maxLeaseTtl: 100,
      fetch: ({ method, url }: OutsideRequest) => {
        asked.push(`${method} ${new URL(url).pathname}`);
        return { status: fails(method) ? 500 : 200, headers: {}, body: encodeUtf8('secret') };
      },
    });
  };
  const keys = defineEngine({
    name: 'keys',
    version: '1.0.0',
    routes: route('creds/{kind}', {
      summary: 'A key',
      read: outside({
        input: { ttl: s.optional(s.integer()) },
        prepare: async (ctx, { kind }: { kind: string }, { ttl = 10 }) => {
          const name = `k${ctx.random(2).join('')}`;
          await ctx.storage.get('config');
          return { plan: name, lease: { kind, ttl, data: { name } } };
        },
        execute: async (world, name) => {
          const { status, body } = await world.fetch({ method: 'PUT', url: `https://keys/${name}` });
          if (status !== 200) throw new PluginError('upstream', `the service answered ${status}`);
          return decodeUtf8(body);
        },
        finish: (ctx, name, secret) => {
          ctx.storage.put('last', encodeUtf8(name));
          return { data: { secret } };
        },
      }),
    }),
    leases: {
      key: {
        revoke: leaseStep<{ name: string }>({
          execute: async (world, { name }) => {
            const { status } = await world.fetch({ method: 'DELETE', url: `https://keys/${name}` });
            if (status !== 200) throw new PluginError('upstream', `the service answered ${status}`);
          },
        }),
        renew: leaseStep<{ name: string; seconds: number }>({
          prepare: (_, data, seconds) => ({ ...(data as { name: string }), seconds }),
          execute: async (world, { name, seconds }) =>
            void (await world.fetch({ method: 'PATCH', url: `https://keys/${name}/${seconds}` })),
        }),
      },
    },
  });

  test('runs its three steps, and its lease ends when its time is over', async () => {
    const mount = service(() => false);
    const reply = await mount.call('read', 'creds/key');
    expect([reply?.data, reply?.lease?.state, mount.entries.has('last')]).toEqual([{ secret: 'secret' }, 'active', true]);
    await mount.advance(9);
    expect(asked).toEqual([expect.stringMatching(/^PUT \/k\d+$/)]);
    await mount.advance(1);
    expect([asked[1], mount.leases]).toEqual([asked[0]?.replace('PUT', 'DELETE'), []]);
  });

  test('is undone when a step fails, and once more after the quarantine', async () => {
    const mount = service((method) => method === 'PUT');
    await expect(mount.call('read', 'creds/key')).rejects.toThrow(new PluginError('upstream', 'the service answered 500'));
    expect([asked.length, mount.leases.map(({ state }) => state), mount.entries.size]).toEqual([2, ['ending'], 0]);
    await mount.advance(120);
    expect([asked.map((line) => line.split(' ')[0]), mount.leases]).toEqual([['PUT', 'DELETE', 'DELETE'], []]);
  });

  test('is tried again, later and later, when it can not be undone', async () => {
    let down = true;
    const mount = service((method) => down && method === 'DELETE');
    await mount.call('read', 'creds/key');
    await mount.advance(13);
    expect([asked.length, mount.leases]).toMatchObject([4, [{ state: 'ending', failure: 'the service answered 500' }]]);
    down = false;
    await mount.advance(4);
    expect([asked.length, mount.leases]).toEqual([5, []]);
  });

  test('is renewed up to the maximum, and revoked by hand', async () => {
    const mount = service(() => false);
    const lease = (await mount.call('read', 'creds/key', { ttl: 50 }))?.lease;
    if (lease === undefined) throw new Error('no lease');
    await mount.advance(40);
    const { expiresAt, maxAt } = await mount.renewLease(lease, 80);
    expect([expiresAt, asked.at(-1)?.endsWith('/60')]).toEqual([maxAt, true]);
    await mount.revokeLease(lease);
    expect([mount.leases, asked.at(-1)?.startsWith('DELETE')]).toEqual([[], true]);
    await expect(mount.renewLease(lease, 1)).rejects.toThrow('lease not found');
  });

  test('is refused for a kind of lease that is not declared, and where no host is allowed', async () => {
    await expect(service(() => false).call('read', 'creds/other')).rejects.toThrow('a kind of lease that it does not declare: other');
    expect(asked).toEqual([]);
    await expect(new TestMount(keys).call('read', 'creds/key')).rejects.toThrow(
      "the mount's config does not allow https://keys (field hosts)",
    );
  });
});

describe('jobs and migrations', () => {
  const tidy = (ctx: Context): Promise<'more' | undefined> =>
    ctx.storage.list('old/', '', 2).then((names) => {
      for (const name of names) ctx.storage.delete(`old/${name}`);
      return names.length > 1 ? 'more' : undefined;
    });

  test('a job runs to its end, by the clock', async () => {
    const mount = new TestMount(engineOf(() => {}, { jobs: { tidy: { every: 60, run: tidy } } }));
    for (const key of ['a', 'b', 'c']) mount.put(`old/${key}`, encodeUtf8(''));
    expect([await mount.runJob('tidy'), mount.entries.size]).toEqual([2, 0]);
    mount.put('old/d', encodeUtf8(''));
    await mount.advance(59);
    expect(mount.entries.size).toBe(1);
    await mount.advance(1);
    expect(mount.entries.size).toBe(0);
  });

  test('a job that never ends is named', async () => {
    const mount = new TestMount(engineOf(() => {}, { jobs: { busy: { every: 60, run: () => 'more' as const } } }));
    await expect(mount.runJob('busy')).rejects.toThrow('job busy: after 100 transactions it still wants more');
  });

  test('an upgrade runs the migrations between the versions, in their order, and nobody goes back', async () => {
    const add =
      (text: string) =>
      async (ctx: Context): Promise<void> =>
        ctx.storage.put('ran', encodeUtf8(decodeUtf8((await ctx.storage.get('ran')) ?? new Uint8Array(0)) + text));
    const migrations = { '1.10.0': add('c'), '1.9.0': add('b'), '1.0.0': add('a'), '3.0.0': add('d') };
    const mount = new TestMount(engineOf(() => {}));
    await mount.upgrade(engineOf(() => {}, { version: '2.0.0', migrations }));
    expect(decodeUtf8(mount.entries.get('ran') ?? new Uint8Array(0))).toBe('bc');
    await expect(mount.upgrade(engineOf(() => {}))).rejects.toThrow('mount test/: version 2.0.0 of tried has served it, and this is 1.0.0');
  });
});
