import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAuditBroker } from './broker.ts';
import { lineHash } from './chain.ts';
import { MemorySink } from './testing.ts';
import { verifyAuditFiles, type AuditReport } from './verify.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const other = generateKeyPairSync('ed25519');
let directory = '';
let lines: readonly string[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'audit-verify-'));
  const sink = new MemorySink();
  const broker = await openAuditBroker({
    sinks: [{ name: 's', sink, required: true }],
    head: () => 7,
    now: () => 0,
    version: '1',
    signingKey: privateKey,
    checkpointEvery: 4,
  });
  for (let index = 0; index < 10; index++) await broker.record(`{"type":"request","n":${index}}`, { sync: false });
  await broker.close();
  lines = sink.text.trimEnd().split('\n');
});
afterAll(() => rm(directory, { recursive: true }));

async function verify(files: readonly (readonly string[])[], key: typeof publicKey = publicKey): Promise<AuditReport> {
  const paths = files.map((_, index) => join(directory, `${index}.log`));
  await Promise.all(files.map((file, index) => writeFile(paths[index] ?? '', file.map((line) => `${line}\n`).join(''))));
  return verifyAuditFiles(paths, { publicKey: key });
}

test('whole files verify, in one piece or in several', async () => {
  expect(await verify([lines])).toMatchObject({
    ok: true,
    lines: lines.length,
    first: 1,
    last: lines.length,
    lastCheckpoint: { head: 7, stop: true },
  });
  for (let cut = 0; cut <= lines.length; cut++)
    expect(await verify([lines.slice(0, cut), lines.slice(cut)])).toMatchObject({ ok: true, last: lines.length });
});

test('the beginning may be gone, by retention', async () => {
  expect(await verify([lines.slice(5)])).toMatchObject({ ok: true, first: 6 });
});

test('a compressed file is read like a plain one', async () => {
  const text = lines.map((line) => `${line}\n`).join('');
  const middle = text.indexOf('\n', 700) + 1;
  const [old, current] = [join(directory, 'old.zst'), join(directory, 'current')];
  await writeFile(old, zstdCompressSync(text.slice(0, middle)));
  await writeFile(current, text.slice(middle));
  expect(await verifyAuditFiles([old, current], { publicKey })).toMatchObject({ ok: true, last: lines.length });
  expect(await verifyAuditFiles([current, old], { publicKey })).toMatchObject({ ok: false, file: old, line: 1, seq: 1 });
});

test('a file that is not there, or not what its name says, is an error', async () => {
  await expect(verifyAuditFiles([join(directory, 'absent')])).rejects.toThrow('ENOENT');
  await expect(verifyAuditFiles([join(directory, 'absent.zst')])).rejects.toThrow('ENOENT');
  await writeFile(join(directory, 'plain.zst'), 'not zstd');
  await expect(verifyAuditFiles([join(directory, 'plain.zst')])).rejects.toThrow(/.+/u);
});

describe('every tampering is found, at the line', () => {
  test('a removed line', async () => {
    for (let at = 1; at < lines.length - 1; at++)
      expect(await verify([lines.toSpliced(at, 1)])).toMatchObject({ ok: false, line: at + 1, seq: at + 2 });
  });

  test('a line twice', async () => {
    for (const [at, line] of lines.entries())
      expect(await verify([lines.toSpliced(at, 0, line)])).toMatchObject({ ok: false, line: at + 2 });
  });

  test('two lines that changed places', async () => {
    for (let at = 1; at < lines.length - 1; at++)
      expect(await verify([lines.with(at, lines[at + 1] ?? '').with(at + 1, lines[at] ?? '')])).toMatchObject({ ok: false, line: at + 1 });
  });

  test('a changed byte, anywhere in any line but the last', async () => {
    const flat = lines.slice(0, -1);
    for (const [at, line] of flat.entries()) {
      for (let byte = 0; byte < line.length; byte += 7) {
        const changed = line.slice(0, byte) + String.fromCharCode(line.charCodeAt(byte) ^ 1) + line.slice(byte + 1);
        const report = await verify([lines.with(at, changed)]);
        expect(report.ok).toBe(false);
      }
    }
  });

  test('a line with a seq of its own and no chain', async () => {
    expect(await verify([lines.toSpliced(5, 0, '{"type":"request"}')])).toMatchObject({ ok: false, line: 6 });
    expect(await verify([lines.toSpliced(5, 0, '')])).toMatchObject({ ok: false, line: 6 });
  });

  test('a whole chain written anew without the key, at its first checkpoint', async () => {
    let prev = '0'.repeat(64);
    const forged = lines.map((line) => {
      const made = line.replace(/"prev":"[0-9a-f]+"/u, `"prev":"${prev}"`).replace('"n":0', '"n":1');
      prev = lineHash(made);
      return made;
    });
    expect(await verifyUnsigned(forged)).toMatchObject({ ok: true });
    expect(await verify([forged])).toMatchObject({ ok: false, line: 7, what: 'a checkpoint without a valid signature' });
  });

  test("checkpoints of another server's key", async () => {
    expect(await verify([lines], other.publicKey)).toMatchObject({ ok: false, line: 2 });
  });

  test('a recovery marker that was not signed, and one used for other lines', async () => {
    const marker = `{"seq":6,"prev":"${lineHash(lines[5] ?? '')}","time":"T","type":"recovered","head":7,"from":5,"anchor":"${lineHash(lines[3] ?? '')}"}`;
    const gap = [...lines.slice(0, 4), marker, ...lines.slice(6)];
    expect(await verify([gap])).toMatchObject({ ok: false, line: 5, what: 'a recovery marker without a valid signature' });
    expect(await verifyUnsigned([...lines.slice(0, 3), marker, ...lines.slice(6)])).toMatchObject({ ok: false, line: 4 });
    expect(await verifyUnsigned([...lines.slice(0, 7), marker, ...lines.slice(7)])).toMatchObject({ ok: false, line: 8 });
    expect(await verifyUnsigned(gap)).toMatchObject({ ok: true, recovered: [{ from: 5, to: 6 }] });
    expect(await verifyUnsigned(gap.with(4, marker.replace(/"anchor":"[0-9a-f]{4}/u, '"anchor":"0000')))).toMatchObject({
      ok: false,
      line: 5,
    });
  });
});

async function verifyUnsigned(file: readonly string[]): Promise<AuditReport> {
  const path = join(directory, 'unsigned.log');
  await writeFile(path, file.map((line) => `${line}\n`).join(''));
  return verifyAuditFiles([path]);
}

test('a torn line is accepted at the very end, not in the middle', async () => {
  const torn = (lines[6] ?? '').slice(0, 50);
  const path = join(directory, 'torn.log');
  await writeFile(path, [...lines.slice(0, 6), torn].join('\n'));
  expect(await verifyAuditFiles([path], { publicKey })).toMatchObject({ ok: true, tornTail: true, last: 6 });
  expect(await verify([[...lines.slice(0, 6), torn, ...lines.slice(6)]])).toMatchObject({ ok: false, line: 7 });
});

test('what was read is never repeated', async () => {
  const report = await verify([lines.toSpliced(5, 0, 'canary {"seq":1')]);
  expect(report.ok).toBe(false);
  expect(JSON.stringify(report)).not.toContain('canary');
});
