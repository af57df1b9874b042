/** Figures of the storage alone, without its barrier: a commit, a look-up, a slot check, a compaction. */
import { rmSync } from 'node:fs';
import { nodeDisk } from '../../core/storage/log/node-disk.ts';
import { openLog } from '../../core/storage/log/open.ts';
import { testCipher } from '../../core/storage/log/test-cipher.ts';
import { benchDirectory } from '../bench-server.ts';
import type { Report } from '../figure.ts';

const keys = 200_000;
const value = Buffer.alloc(200, 1);
const keyOf = (index: number): string => `mount/1234/${(Math.imul(index, 2_654_435_761) >>> 0).toString(16)}/secret-number-${index}`;

/** Measures in this process. */
export async function measureStorage(report: Report): Promise<void> {
  const directory = benchDirectory();
  const print = (what: string, figure: number, unit: string): void => report({ name: `storage: ${what}`, value: figure, unit });
  const storage = await openLog({ directory, disk: nodeDisk(), cipher: testCipher() });
  const fill = await timed(async () => {
    for (let i = 0; i < keys; i += 1000) {
      await storage.commit(Array.from({ length: Math.min(1000, keys - i) }, (_, j) => ({ key: keyOf(i + j), value }))).durable;
    }
  });
  print('insert, 1,000 keys a commit', fill.cpuUs / keys, 'us CPU a key');
  const compaction = await timed(() => storage.compact());
  print('compaction at the end', compaction.ms, 'ms');

  const alone: number[] = [];
  const big = Buffer.alloc(1024, 2);
  const single = await timed(async () => {
    for (let i = 0; i < 2000; i++) {
      const start = performance.now();
      await storage.commit([{ key: keyOf(i % 100), value: big }]).durable;
      alone.push(performance.now() - start);
    }
  });
  alone.sort((a, b) => a - b);
  print('commit of 1 KiB alone, p50', (alone[1000] ?? 0) * 1000, 'us');
  print('commit of 1 KiB alone, with its syscalls', single.cpuUs / 2000, 'us CPU');
  const many = await timed(async () => {
    for (let i = 0; i < 20_000; i += 64) {
      await Promise.all(Array.from({ length: 64 }, (_, j) => storage.commit([{ key: keyOf((i + j) % 5000), value: big }]).durable));
    }
  });
  print('commit of 1 KiB, 64 at once, with syscalls', many.cpuUs / 20_000, 'us CPU');
  print('commit of 1 KiB, 64 at once', 20_000 / (many.ms / 1000), 'a second');

  const hot = await timed(() => {
    for (let i = 0; i < 200_000; i++) void storage.get(keyOf(i % 1000));
  });
  print('get of a hot key', hot.cpuUs / 200_000, 'us CPU');
  for (let i = 0; i < 100_000; i++) storage.movedAt(i & 1023);
  const slots = await timed(() => {
    for (let i = 0; i < 1_000_000; i++) storage.movedAt(i & 1023);
  });
  print('slot check', (slots.cpuUs / 1_000_000) * 1000, 'ns');
  const cold = await timed(() => {
    for (let i = 0; i < 20_000; i++) void storage.get(keyOf(Math.floor((i * keys) / 20_000)));
  });
  print('get of a scattered key', cold.cpuUs / 20_000, 'us CPU');
  await storage.close();

  rmSync(directory, { recursive: true });
}

async function timed(action: () => unknown): Promise<{ ms: number; cpuUs: number }> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await action();
  const used = process.cpuUsage(cpu);
  return { ms: performance.now() - start, cpuUs: used.user + used.system };
}
