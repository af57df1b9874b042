import type { KeyObject } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changes, entry, open, reads, signingKey, verify } from './broker-testing.ts';
import { AuditChain, lineHash } from './chain.ts';
import { checkpointBody, lostBody } from './checkpoint.ts';
import { LineBuffer } from './line-buffer.ts';
import { MemorySink } from './testing.ts';
import type { AuditReport } from './verify.ts';

const scale = Number(process.env['STRONGROOM_TEST_SCALE'] ?? 1);

/** A log whose run has ended by a power cut: how many characters were on disk for sure, and how many lines. */
async function crashedLog(entries = 8): Promise<{ readonly text: string; readonly synced: number; readonly syncedLines: number }> {
  const sink = new MemorySink();
  const broker = await open(sink);
  await broker.record(entry('change'), changes);
  const synced = sink.text.length;
  const syncedLines = sink.lines().length;
  for (let index = 0; index < entries; index++) await broker.record(entry(`read-${index}`), reads);
  return { text: sink.text, synced, syncedLines };
}

function zeroed(text: string, from: number, to: number): string {
  return text.slice(0, from) + '\0'.repeat(to - from) + text.slice(to);
}

/** Where a line begins and ends (its newline included), by its number from 0. */
function span(text: string, line: number): { readonly from: number; readonly to: number } {
  const lines = text.split('\n');
  const from = lines.slice(0, line).join('\n').length + (line === 0 ? 0 : 1);
  return { from, to: from + (lines[line] ?? '').length + 1 };
}

/** Starts and stops a server on a log. */
async function restarted(text: string): Promise<MemorySink> {
  const sink = new MemorySink(text);
  await (await open(sink)).close();
  return sink;
}

describe('what a power cut took before it was synced', () => {
  test('is marked by the next start, and verification says which lines it was', async () => {
    const { text } = await crashedLog();
    const { from } = span(text, 5);
    const { to } = span(text, 6);
    const told: unknown[] = [];
    const sink = new MemorySink(zeroed(text, from + 10, to - 10));
    const broker = await open(sink, { onLost: (name, gaps) => void told.push([name, gaps.map((gap) => [gap.from, gap.to])]) });
    await broker.close();
    expect(told).toEqual([['s0', [[6, 7]]]]);
    expect(await verify(sink)).toMatchObject({ ok: true, first: 1, lost: [{ from: 6, to: 7 }] });
    // Nothing is left to mark for those that come after.
    const later = await restarted(sink.text);
    expect(later.lines().filter(({ type }) => type === 'lost')).toHaveLength(1);
    expect(await verify(later)).toMatchObject({ ok: true, lost: [{ from: 6, to: 7 }] });
  });

  test('may be anything behind the last sync: whatever is whole stays, the rest is marked', async () => {
    const { text, synced, syncedLines } = await crashedLog(30);
    const places = fc.array(fc.tuple(fc.integer({ min: synced, max: text.length }), fc.nat(900)), { minLength: 1, maxLength: 6 });
    // Just before and behind newlines, too: a line that is cut there looks whole.
    const ends = Array.from(text.matchAll(/\n/gu), ({ index }) => [index, index + 1])
      .flat()
      .filter((end) => end >= synced);
    const sizes = fc.oneof(fc.integer({ min: synced, max: text.length }), fc.constantFrom(...ends));
    const property = fc.asyncProperty(places, sizes, async (holes, size) => {
      let cut = text.slice(0, size);
      for (const [from, length] of holes) if (from < size) cut = zeroed(cut, from, Math.min(size, from + length));
      const sink = await restarted(cut);
      const report = await verify(sink);
      const lines = new Set(sink.lines().map(({ seq }) => seq));
      expect(report).toMatchObject({ ok: true, first: 1, tornTail: false });
      const lost = (report.ok ? report.lost : []).flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, at) => from + at));
      expect(lost.filter((seq) => lines.has(seq) || seq <= syncedLines)).toEqual([]);
    });
    await fc.assert(property, { numRuns: 60 * scale });
  });

  test('once more during the restart that marks it is marked by the one after', async () => {
    const { text } = await crashedLog();
    const { from, to } = span(text, 5);
    const sink = new MemorySink(zeroed(text, from, to));
    await open(sink);
    const marker = span(
      sink.text,
      sink.text.split('\n').findIndex((line) => line.includes('"type":"lost"')),
    );
    expect(await verify(await restarted(zeroed(sink.text, marker.from + 9, marker.to - 9)))).toMatchObject({
      ok: true,
      lost: [
        { from: 6, to: 7 },
        { from: 13, to: 13 },
      ],
    });
  });

  test('in one sink is no break of the others', async () => {
    const [one, two] = [new MemorySink(), new MemorySink()];
    const sinks = [
      { sink: one, required: true },
      { sink: two, required: true },
    ];
    const broker = await open(sinks);
    for (let index = 0; index < 5; index++) await broker.record(entry(`n${index}`), reads);
    const { from, to } = span(two.text, 3);
    two.text = zeroed(two.text, from, to);
    await (await open(sinks)).close();
    expect([await verify(one), await verify(two)]).toMatchObject([
      { ok: true, lost: [] },
      { ok: true, lost: [{ from: 4, to: 5 }] },
    ]);
    expect(one.lines().find(({ type }) => type === 'lost')).toMatchObject({ sink: 's1' });
  });
});

describe('what no power cut does is never marked, and stays a bad record', () => {
  async function faultAfter(text: string): Promise<unknown> {
    const sink = await restarted(text);
    expect(sink.lines().filter(({ type }) => type === 'lost')).toEqual([]);
    return verify(sink);
  }

  test('zeros in lines that were on disk when a later checkpoint was written', async () => {
    const sink = new MemorySink();
    const broker = await open(sink, { checkpointEvery: 4 });
    for (let index = 0; index < 12; index++) await broker.record(entry(`n${index}`), reads);
    const { from, to } = span(sink.text, 3);
    expect(await faultAfter(zeroed(sink.text, from, to))).toMatchObject({ ok: false, line: 4 });
  });

  test('zeros in a run that has stopped', async () => {
    const sink = new MemorySink();
    const broker = await open(sink);
    for (let index = 0; index < 5; index++) await broker.record(entry(`n${index}`), reads);
    await broker.close();
    const { length } = sink.text.split('\n');
    for (let line = 2; line < length - 2; line++) {
      const { from, to } = span(sink.text, line);
      expect(await faultAfter(zeroed(sink.text, from, to - 1))).toMatchObject({ ok: false, line: line + 1 });
    }
  });

  test('a line taken out, or written over with something else', async () => {
    const { text } = await crashedLog();
    const { from, to } = span(text, 5);
    expect(await faultAfter(text.slice(0, from) + text.slice(to))).toMatchObject({ ok: false, line: 6 });
    expect(await faultAfter(text.slice(0, from) + 'x'.repeat(to - from) + text.slice(to))).toMatchObject({ ok: false, line: 6 });
    expect(await faultAfter(text.replace('read-3', 'lies-3'))).toMatchObject({ ok: false, line: 8 });
  });

  test('zeros beside a line that was changed', async () => {
    const { text } = await crashedLog();
    const { from, to } = span(text, 5);
    expect(await faultAfter(zeroed(text, from, to).replace('read-6', 'lies-6'))).toMatchObject({ ok: false, line: 6 });
  });
});

describe('a marker of lost lines', () => {
  test('explains exactly what it names, when it is signed', async () => {
    const { text } = await crashedLog();
    const lines = text.trimEnd().split('\n');
    const { from, to } = span(text, 5);
    const last = { seq: lines.length, hash: lineHash(lines.at(-1) ?? '') };
    const gap = { from: 6, anchor: lineHash(lines[4] ?? ''), to: 7, next: lineHash(lines[6] ?? '') };
    const reportOf = (gaps: readonly (typeof gap)[], key?: KeyObject): Promise<AuditReport> => {
      const body = lostBody(last, { time: 0, head: 42, sink: 's0', gaps }, key);
      return verify(new MemorySink(`${zeroed(text, from, to)}{"seq":${last.seq + 1},"prev":"${last.hash}",${body.slice(1)}\n`));
    };
    expect(await reportOf([gap], signingKey)).toMatchObject({ ok: true, lost: [{ from: 6, to: 7 }] });
    const bad = { ok: false, line: 6, lastCheckpoint: { seq: 2 } };
    expect(await reportOf([gap])).toMatchObject(bad);
    expect(await reportOf([], signingKey)).toMatchObject(bad);
    const others = [{ from: 5 }, { to: 8 }, { anchor: gap.next }, { next: gap.anchor }];
    for (const other of others) expect(await reportOf([{ ...gap, ...other }], signingKey)).toMatchObject(bad);
  });

  test('explains nothing that a checkpoint says to be on disk', async () => {
    const { text } = await crashedLog();
    const lines = text.trimEnd().split('\n');
    const { from, to } = span(text, 5);
    const last = { seq: lines.length, hash: lineHash(lines.at(-1) ?? '') };
    const gap = { from: 6, anchor: lineHash(lines[4] ?? ''), to: 7, next: lineHash(lines[6] ?? '') };
    const reportOf = (synced: number): Promise<AuditReport> => {
      const chain = new AuditChain(last);
      const more = new LineBuffer();
      more.append(chain, checkpointBody(chain.point, { time: 0, head: 42, synced, stop: false }, signingKey));
      more.append(chain, lostBody(chain.point, { time: 0, head: 42, sink: 's0', gaps: [gap] }, signingKey));
      return verify(new MemorySink(zeroed(text, from, to) + more.lines().toString()));
    };
    expect(await reportOf(5)).toMatchObject({ ok: true });
    expect(await reportOf(6)).toMatchObject({ ok: false, line: 6 });
  });
});
