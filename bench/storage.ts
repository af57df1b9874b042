/**
 * Figures of the storage alone: `node --conditions=source bench/storage.ts [keys] [directory]` (200,000 keys and a temporary directory
 * by default). Prints one line per figure.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { openLog } from '../core/storage/log/open.ts';
import { nodeDisk } from '../core/storage/log/node-disk.ts';
import { testCipher } from '../core/storage/log/test-cipher.ts';
import type { LogStorage } from '../core/storage/log/log-storage.ts';

const keys = Number(process.argv[2] ?? '200000');
const directory = process.argv[3] ?? mkdtempSync(`${tmpdir()}/strongroom-bench-`);
const value = Buffer.alloc(Number(process.argv[4] ?? '200'), 1);
const keyOf = (i: number): string => `mount/1234/${(Math.imul(i, 2654435761) >>> 0).toString(16)}/secret-number-${i}`;

function print(what: string, figure: number, unit: string): void {
  process.stdout.write(`${what.padEnd(52)} ${figure.toFixed(figure < 10 ? 2 : 0).padStart(10)} ${unit}\n`);
}

async function timed(action: () => unknown): Promise<{ ms: number; cpuUs: number }> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await action();
  const used = process.cpuUsage(cpu);
  return { ms: performance.now() - start, cpuUs: used.user + used.system };
}

const open = (): Promise<LogStorage> => openLog({ directory, disk: nodeDisk(), cipher: testCipher() });
const rss = (): number => process.memoryUsage().rss / 2 ** 20;

if (process.argv[2] === 'open') {
  const before = rss();
  let opened: LogStorage | undefined;
  const { ms } = await timed(async () => {
    opened = await open();
  });
  print(`open with ${opened?.stats().keys} keys, ${((opened?.stats().tailBytes ?? 0) / 2 ** 20).toFixed(0)} MiB of tail`, ms, 'ms');
  print('memory that it added', rss() - before, 'MiB');
  await opened?.close();
  process.exit();
}

const storage = await open();
const fill = await timed(async () => {
  for (let i = 0; i < keys; i += 1000) {
    await storage.commit(Array.from({ length: Math.min(1000, keys - i) }, (_, j) => ({ key: keyOf(i + j), value }))).durable;
  }
});
print(`insert ${keys} keys, 1000 a commit`, (fill.cpuUs / keys) * 1, 'us CPU a key');
const compaction = await timed(() => storage.compact());
print('compaction at the end', compaction.ms, 'ms');
print('memory after it', rss(), 'MiB');

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

// In a process of its own, whose memory is that of the opened store alone.
const reopened = spawnSync(process.execPath, ['--conditions=source', import.meta.filename, 'open', directory], { encoding: 'utf8' });
process.stdout.write(reopened.stdout);
if (process.argv[3] === undefined) rmSync(directory, { recursive: true });
