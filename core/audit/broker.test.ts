import { describe, expect, test, vi } from 'vitest';
import { changes, entry, names, open, reads, verify } from './broker-testing.ts';
import { MemorySink } from './testing.ts';

describe('taking entries', () => {
  test('the order of calls is the order of lines, in one write per turn of the event loop', async () => {
    const sink = new MemorySink();
    const broker = await open(sink);
    const before = sink.batches.length;
    await Promise.all(['a', 'b', 'c'].map((name) => broker.record(entry(name), reads)));
    expect(names(sink)).toEqual(['a', 'b', 'c']);
    expect(sink.batches.length - before).toBe(1);
    await Promise.all(['d', 'e'].map((name) => broker.record(entry(name), reads)));
    expect(sink.batches.length - before).toBe(2);
  });

  test('is resolved only after the sink has taken the batch', async () => {
    const sink = new MemorySink();
    const broker = await open(sink);
    sink.behaviour = { kind: 'hang' };
    const outcome = broker.record(entry('a'), reads).then(() => names(sink));
    await vi.waitFor(() => expect(sink.batches.length).toBe(2));
    expect(names(sink)).toEqual([]);
    sink.release('take');
    expect(await outcome).toEqual(['a']);
  });

  test('while a write is under way the next batch collects, and calls never overlap', async () => {
    const sink = new MemorySink();
    const broker = await open(sink);
    sink.behaviour = { kind: 'hang' };
    const first = broker.record(entry('a'), reads);
    await vi.waitFor(() => expect(sink.batches.length).toBe(2));
    const rest = Promise.all([broker.record(entry('b'), reads), broker.record(entry('c'), changes), broker.reopen()]);
    sink.behaviour = { kind: 'take' };
    sink.release('take');
    await Promise.all([first, rest]);
    expect(sink.batches.length).toBe(3);
    expect(sink.overlaps).toBe(0);
    expect(names(sink)).toEqual(['a', 'b', 'c']);
  });

  test('entries of changes are synced before they are resolved, and hold no other entry up', async () => {
    const sink = new MemorySink();
    const broker = await open(sink);
    const before = sink.syncs;
    await Promise.all([broker.record(entry('a'), reads), broker.record(entry('b'), reads)]);
    expect(sink.syncs - before).toBe(0);
    sink.syncsHang = true;
    let safe = false;
    const change = broker.record(entry('c'), changes).then(() => (safe = true));
    await broker.record(entry('d'), reads);
    await broker.record(entry('e'), reads);
    expect(safe).toBe(false);
    expect(names(sink)).toEqual(['a', 'b', 'c', 'd', 'e']);
    sink.releaseSyncs();
    await change;
    expect(sink.synced - before).toBe(1);
  });

  test('those who ask while a sync runs share the next one: a sync that began before a line says nothing of it', async () => {
    const sink = new MemorySink();
    const broker = await open(sink);
    const before = sink.syncs;
    sink.syncsHang = true;
    const first = broker.record(entry('a'), changes);
    await vi.waitFor(() => expect(sink.syncs - before).toBe(1));
    let safe = 0;
    const others = ['b', 'c', 'd'].map((name) => broker.record(entry(name), changes).then(() => safe++));
    await broker.record(entry('e'), reads);
    sink.syncsHang = false;
    sink.releaseSyncs();
    await first;
    expect(safe).toBe(0);
    await Promise.all(others);
    expect(sink.syncs - before).toBe(2);
  });

  test('entries beyond the bytes that may wait are refused, and those before are kept', async () => {
    const sink = new MemorySink();
    const broker = await open(sink, { queueBytesMax: 2000 });
    sink.behaviour = { kind: 'hang' };
    const taken = broker.record(entry('x'.repeat(1500)), reads);
    await expect(broker.record(entry('y'.repeat(480)), reads)).rejects.toMatchObject({ code: 'audit-failed' });
    await vi.waitFor(() => expect(sink.batches.length).toBe(2));
    sink.behaviour = { kind: 'take' };
    sink.release('take');
    await taken;
    await broker.record(entry('later'), reads);
    expect(broker.stats()).toMatchObject({ refused: 1, seq: 4 });
    expect(await verify(sink)).toMatchObject({ ok: true, last: 4 });
  });
});

describe('the chain', () => {
  test('begins with a start line and a checkpoint, ends with a checkpoint, and verifies', async () => {
    const sink = new MemorySink();
    const broker = await open(sink, { checkpointEvery: 3 });
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await broker.record(entry(name), reads);
    await broker.close();
    expect(sink.lines().map((line) => line['type'])).toEqual([
      'start',
      'checkpoint',
      'request',
      'request',
      'request',
      'checkpoint',
      'request',
      'request',
      'request',
      'checkpoint',
      'request',
      'checkpoint',
      'checkpoint',
    ]);
    expect(await verify(sink)).toMatchObject({
      ok: true,
      first: 1,
      last: 13,
      tornTail: false,
      lastCheckpoint: { seq: 13, head: 42, synced: 12, stop: true, verified: true },
    });
    expect(sink.calls.at(-1)).toBe('close');
  });

  test('a restart goes on where the sink stopped, and says how that looked', async () => {
    const sink = new MemorySink();
    await (await open(sink)).close();
    const crashed = await open(sink);
    await crashed.record(entry('a'), reads);
    const again = await open(sink);
    await again.close();
    expect(sink.lines().flatMap((line) => line['previous'] ?? [])).toEqual(['none', 'clean', 'crashed']);
    expect(await verify(sink)).toMatchObject({ ok: true, first: 1 });
  });

  test('a torn last line of a crash is explained by the start that follows, at every byte', async () => {
    const sink = new MemorySink();
    const broker = await open(sink);
    await broker.record(entry('a'), changes);
    const whole = sink.text;
    const from = whole.lastIndexOf('\n', whole.length - 2) + 1;
    for (let size = from; size <= whole.length; size++) {
      const cut = new MemorySink(whole.slice(0, size));
      await (await open(cut)).close();
      expect(await verify(cut)).toMatchObject({ ok: true, first: 1 });
    }
  });

  test('goes on behind what failed batches left before a crash', async () => {
    const sink = new MemorySink();
    const broker = await open(sink);
    await broker.record(entry('a'), changes);
    for (const bytes of [10, 0, 20]) {
      sink.behaviour = { kind: 'fail', bytes };
      await expect(broker.record(entry('b'), changes)).rejects.toMatchObject({ code: 'audit-failed' });
    }
    const crashed = new MemorySink(`${sink.text}\n\n`);
    await (await open(crashed)).close();
    expect(await verify(crashed)).toMatchObject({ ok: true, first: 1, last: 6 });
  });

  test('what is no line of ours starts a chain anew, and verification names it', async () => {
    const sink = new MemorySink('hello\n');
    await (await open(sink)).close();
    expect(sink.lines()[0]).toMatchObject({ seq: 1, previous: 'unreadable' });
    expect(await verify(sink)).toMatchObject({ ok: false, line: 1 });
  });
});

test('after close nothing is taken', async () => {
  const broker = await open(new MemorySink());
  await broker.close();
  await broker.close();
  await expect(broker.record(entry('a'), reads)).rejects.toMatchObject({ code: 'audit-failed' });
});
