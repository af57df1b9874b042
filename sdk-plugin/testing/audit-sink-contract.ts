/** What every audit sink must do, as tests: a sink's own test file calls this with a way to open one and to read back what it wrote. */
import { afterEach, describe, expect, test } from 'vitest';
import type { AuditSink } from '../audit-sink.ts';

/** One sink under test, over a place of its own. */
export interface SinkUnderTest {
  /** Opens the sink; again for the same place, after a close, where `restarts` is true. */
  readonly open: () => Promise<AuditSink>;
  /** Everything that was written so far. */
  readonly written: () => Promise<string>;
  /** Makes the next append fail after so many bytes; undefined where the sink cannot be made to. */
  readonly failNext?: (bytes: number) => void;
  /** What was written is still there for the next run: `lastLine` finds it. */
  readonly restarts: boolean;
  readonly remove: () => Promise<void>;
}

function batchOf(...lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.map((line) => `${line}\n`).join(''));
}

/** Registers the suite. */
export function auditSinkContract(name: string, prepare: () => Promise<SinkUnderTest>): void {
  describe(`the contract of an audit sink: ${name}`, () => {
    let place: SinkUnderTest | undefined;
    let sink: AuditSink | undefined;
    const start = async (): Promise<{ place: SinkUnderTest; sink: AuditSink }> => {
      const under = await prepare();
      const opened = await under.open();
      place = under;
      sink = opened;
      return { place: under, sink: opened };
    };
    afterEach(async () => {
      await sink?.close();
      await place?.remove();
    });

    test('writes batches in order, byte by byte as they came', async () => {
      const { place: under, sink: opened } = await start();
      await opened.append(batchOf('{"a":1}', '{"b":"é😀"}'));
      await opened.append(batchOf('{"c":3}'));
      await opened.sync();
      expect(await under.written()).toBe('{"a":1}\n{"b":"é😀"}\n{"c":3}\n');
    });

    test('takes a batch that is much larger than any buffer on the way', async () => {
      const { place: under, sink: opened } = await start();
      const line = `{"a":"${'x'.repeat(3_000_000)}"}`;
      await opened.append(batchOf(line, line));
      expect((await under.written()).length).toBe(2 * (line.length + 1));
    });

    test('takes lines, and changes its files, while a sync is under way', async () => {
      const { place: under, sink: opened } = await start();
      await opened.append(batchOf('1'));
      const synced = opened.sync();
      await opened.append(batchOf('2'));
      const again = opened.sync();
      await opened.reopen();
      await Promise.all([synced, again]);
      expect(await under.written()).toBe('1\n2\n');
    });

    test('goes on after reopen', async () => {
      const { place: under, sink: opened } = await start();
      await opened.append(batchOf('1'));
      await opened.reopen();
      await opened.append(batchOf('2'));
      expect(await under.written()).toBe('1\n2\n');
    });

    test('can be closed twice', async () => {
      const { sink: opened } = await start();
      await opened.close();
      await expect(opened.close()).resolves.toBeUndefined();
    });

    test.each([0, 1, 3])('rejects a batch that failed after %i bytes; the next begins on a line of its own', async (bytes) => {
      const { place: under, sink: opened } = await start();
      await opened.append(batchOf('first'));
      if (!under.failNext) return;
      under.failNext(bytes);
      await expect((async () => opened.append(batchOf('second')))()).rejects.toThrow(/.+/u);
      await opened.append(batchOf('third'));
      const lines = (await under.written()).split('\n');
      expect(lines[0]).toBe('first');
      expect(lines.slice(-2)).toEqual(['third', '']);
      expect(lines.slice(1, -2).join('')).toBe('second'.slice(0, bytes));
    });

    test('gives back its last complete line, if it can, also after a restart', async () => {
      const { place: under, sink: opened } = await start();
      expect(await opened.lastLine()).toBeUndefined();
      await opened.append(batchOf('{"a":1}', '{"b":2}'));
      expect(await opened.lastLine()).toBe(under.restarts ? '{"b":2}' : undefined);
      expect(await opened.lastLine((line) => line.includes('a'))).toBe(under.restarts ? '{"a":1}' : undefined);
      const offered: string[] = [];
      expect(await opened.lastLine((line) => offered.push(line) === 0)).toBeUndefined();
      expect(offered).toEqual(under.restarts ? ['{"b":2}', '{"a":1}'] : []);
      if (!under.restarts) return;
      await opened.close();
      sink = await under.open();
      expect(await sink.lastLine()).toBe('{"b":2}');
      await sink.append(batchOf('{"c":3}'));
      expect(await under.written()).toBe('{"a":1}\n{"b":2}\n{"c":3}\n');
    });
  });
}
