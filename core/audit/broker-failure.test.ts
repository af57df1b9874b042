import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { changes, entry, names, open, reads, refusal, turn, verify } from './broker-testing.ts';
import { MemorySink } from './testing.ts';

const scale = Number(process.env['STRONGROOM_TEST_SCALE'] ?? 1);

describe('a sink that fails', () => {
  test.each([0, 1, 300, 100_000])('refuses the batch, of which %i bytes were written, and goes on behind a marker', async (bytes) => {
    const sink = new MemorySink();
    const broker = await open(sink);
    await broker.record(entry('a'), changes);
    sink.behaviour = { kind: 'fail', bytes };
    const outcomes = await Promise.allSettled(['b', 'c'].map((name) => broker.record(entry(name), changes)));
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected']);
    sink.behaviour = { kind: 'take' };
    await broker.record(entry('d'), changes);
    await broker.close();
    expect(names(sink).at(-1)).toBe('d');
    expect(await verify(sink)).toMatchObject({ ok: true, recovered: [{ from: 4, to: 5 }] });
  });

  test('fails with audit-failed, and every failure is reported', async () => {
    const sink = new MemorySink();
    const failures: string[] = [];
    const broker = await open(sink, { onFailure: (name) => void failures.push(name) });
    sink.behaviour = { kind: 'fail', bytes: 0 };
    await expect(broker.record(entry('a'), reads)).rejects.toMatchObject({
      code: 'audit-failed',
      message: 'the audit sink s0 did not take a batch',
    });
    await expect(broker.record(entry('a'), reads)).rejects.toMatchObject({ code: 'audit-failed' });
    expect(failures).toEqual(['s0', 's0']);
    expect(broker.stats()).toMatchObject({ refused: 2, sinks: [{ failures: 2, behind: true }] });
  });

  test('stops requests when it is required, although another has the entry', async () => {
    const [good, bad] = [new MemorySink(), new MemorySink()];
    const broker = await open([
      { sink: good, required: true },
      { sink: bad, required: true },
    ]);
    bad.behaviour = { kind: 'fail', bytes: 0 };
    await expect(broker.record(entry('a'), reads)).rejects.toMatchObject({ code: 'audit-failed' });
    bad.behaviour = { kind: 'take' };
    await broker.record(entry('b'), reads);
    await broker.close();
    expect([await verify(good), await verify(bad)]).toMatchObject([
      { ok: true, recovered: [] },
      { ok: true, recovered: [{ from: 3, to: 3 }] },
    ]);
  });

  test('does not stop requests when it is not required', async () => {
    const [good, bad] = [new MemorySink(), new MemorySink()];
    const broker = await open([
      { sink: good, required: true },
      { sink: bad, required: false },
    ]);
    bad.behaviour = { kind: 'fail', bytes: 10 };
    await broker.record(entry('a'), reads);
    await broker.record(entry('b'), reads);
    bad.behaviour = { kind: 'take' };
    await broker.record(entry('c'), reads);
    await broker.close();
    expect(names(good)).toEqual(['a', 'b', 'c']);
    expect(names(bad)).toEqual(['c']);
    expect(await verify(bad)).toMatchObject({ ok: true, recovered: [{ from: 3, to: 4 }] });
  });

  test('where none is required, one that takes the entry is enough, and none is not', async () => {
    const [one, two] = [new MemorySink(), new MemorySink()];
    const broker = await open([
      { sink: one, required: false },
      { sink: two, required: false },
    ]);
    one.behaviour = { kind: 'fail', bytes: 0 };
    await broker.record(entry('a'), reads);
    two.behaviour = { kind: 'fail', bytes: 0 };
    await expect(broker.record(entry('b'), reads)).rejects.toMatchObject({ code: 'audit-failed' });
  });

  test('at the start keeps the server from starting', async () => {
    const sink = new MemorySink();
    sink.behaviour = { kind: 'fail', bytes: 0 };
    await expect(open(sink)).rejects.toMatchObject({ code: 'audit-failed' });
    expect(sink.calls.at(-1)).toBe('close');
    await expect(open([])).rejects.toMatchObject({ code: 'audit-failed' });
  });

  test('leaves a marker that still says, as the last whole line, how far the storage was', async () => {
    const sink = new MemorySink();
    let head = 42;
    const broker = await open(sink, { head: () => head });
    sink.behaviour = { kind: 'fail', bytes: 0 };
    await refusal(broker.record(entry('a'), reads));
    head = 43;
    sink.behaviour = { kind: 'take' };
    await broker.record(entry('b'), reads);
    const marker = sink.text.indexOf('\n', sink.text.indexOf('"recovered"')) + 1;
    const seen: number[] = [];
    await open(new MemorySink(sink.text.slice(0, marker + 20)), { checkHead: (revision) => void seen.push(revision) });
    expect(seen).toEqual([43]);
  });

  test('and was behind when the server stopped is marked at the next start', async () => {
    const [good, bad] = [new MemorySink(), new MemorySink()];
    const sinks = [
      { sink: good, required: true },
      { sink: bad, required: false },
    ];
    const broker = await open(sinks);
    bad.behaviour = { kind: 'fail', bytes: 0 };
    await broker.record(entry('a'), reads);
    await broker.close();
    bad.behaviour = { kind: 'take' };
    await (await open(sinks)).close();
    expect(await verify(good)).toMatchObject({ ok: true, recovered: [] });
    expect(await verify(bad)).toMatchObject({ ok: true, recovered: [{ from: 3, to: 5 }] });
  });
});

describe('a sink that hangs', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  test.each(['take', 'fail'] as const)(
    'is given up after its deadline; requests are refused until it comes back (%s), and the chain holds',
    async (outcome) => {
      const sink = new MemorySink();
      const broker = await open(sink, { deadlineMs: 5000 });
      sink.behaviour = { kind: 'hang' };
      const first = refusal(broker.record(entry('a'), reads));
      await turn();
      const collected = refusal(broker.record(entry('b'), reads));
      vi.advanceTimersByTime(4999);
      await turn();
      expect(broker.stats().sinks[0]?.hung).toBe(false);
      vi.advanceTimersByTime(1);
      expect(await first).toContain('missed its deadline');
      expect(await collected).toContain('does not answer');
      await expect(broker.record(entry('c'), reads)).rejects.toThrow('does not answer');
      expect(sink.batches.length).toBe(2);
      sink.behaviour = { kind: 'take' };
      sink.release(outcome);
      await turn();
      await broker.record(entry('d'), reads);
      await broker.close();
      expect(sink.overlaps).toBe(0);
      expect(names(sink)).toEqual(outcome === 'take' ? ['a', 'd'] : ['d']);
      expect(await verify(sink)).toMatchObject({ ok: true, recovered: outcome === 'take' ? [] : [{ from: 3, to: 3 }] });
    },
  );

  test('in a sync is given up like one that hangs in a write', async () => {
    const sink = new MemorySink();
    const broker = await open(sink, { deadlineMs: 5000 });
    sink.syncsHang = true;
    const change = refusal(broker.record(entry('a'), changes));
    await turn();
    await broker.record(entry('b'), reads);
    vi.advanceTimersByTime(5000);
    expect(await change).toContain('missed its deadline');
    await expect(broker.record(entry('c'), reads)).rejects.toThrow('does not answer');
    sink.syncsHang = false;
    sink.releaseSyncs();
    await turn();
    await broker.record(entry('d'), changes);
    expect(names(sink)).toEqual(['a', 'b', 'd']);
    expect(await verify(sink)).toMatchObject({ ok: true });
  });

  test('and is not required holds nobody up', async () => {
    const [good, slow] = [new MemorySink(), new MemorySink()];
    const broker = await open(
      [
        { sink: good, required: true },
        { sink: slow, required: false },
      ],
      { queueBytesMax: 2000 },
    );
    slow.behaviour = { kind: 'hang' };
    for (let index = 0; index < 20; index++) await broker.record(entry(`n${index}`), reads);
    expect(names(good)).toHaveLength(20);
    slow.behaviour = { kind: 'take' };
    slow.release('take');
    await turn();
    await broker.record(entry('last'), reads);
    await turn();
    expect(names(slow).at(-1)).toBe('last');
    expect(await verify(slow)).toMatchObject({ ok: true, recovered: [{ to: 22 }] });
  });

  test('does not keep the server from stopping', async () => {
    const sink = new MemorySink();
    const broker = await open(sink);
    sink.behaviour = { kind: 'hang' };
    const closing = refusal(broker.close());
    for (let step = 0; step < 5; step++) {
      await turn();
      vi.advanceTimersByTime(5000);
    }
    expect(await closing).toContain('missed its deadline');
  });
});

test('whatever fails in whatever order, what was resolved is in every required sink, in order, and every sink verifies', async () => {
  const behaviour = fc.oneof(
    { weight: 3, arbitrary: fc.constant({ kind: 'take' } as const) },
    { weight: 1, arbitrary: fc.nat(3000).map((bytes) => ({ kind: 'fail', bytes }) as const) },
  );
  const step = fc.record({
    entries: fc.integer({ min: 1, max: 4 }),
    required: behaviour,
    other: behaviour,
    restart: fc.integer({ min: 0, max: 9 }),
  });
  const property = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
    const [required, other] = [new MemorySink(), new MemorySink()];
    const sinks = [
      { sink: required, required: true },
      { sink: other, required: false },
    ];
    let broker = await open(sinks, { checkpointEvery: 3 });
    const resolved: string[] = [];
    for (const [index, { entries, restart, ...behaviours }] of steps.entries()) {
      if (restart === 0) {
        // A crash: the old broker is never used again.
        required.behaviour = other.behaviour = { kind: 'take' };
        broker = await open(sinks, { checkpointEvery: 3 });
      }
      required.behaviour = behaviours.required;
      other.behaviour = behaviours.other;
      const batch = Array.from({ length: entries }, (_, at) => `${index}-${at}`);
      const outcomes = await Promise.allSettled(batch.map((name) => broker.record(entry(name), reads)));
      resolved.push(...batch.filter((_, at) => outcomes[at]?.status === 'fulfilled'));
    }
    required.behaviour = other.behaviour = { kind: 'take' };
    await broker.close();
    const recorded = names(required);
    expect(recorded.filter((name) => resolved.some((one) => one === name))).toEqual(resolved);
    expect(await verify(required)).toMatchObject({ ok: true, tornTail: false });
    expect(await verify(other)).toMatchObject({ ok: true, tornTail: false });
  });
  await fc.assert(property, { numRuns: 60 * scale });
});
