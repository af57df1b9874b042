/**
 * The audit file on a full disk, with a real one of 1 MiB. Invariants: while the disk is full every entry is refused; when there is space
 * again entries are taken at once, on lines of their own; what was acknowledged is in the file; the file verifies.
 */
import { generateKeyPairSync } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import fileSink from '../audit-sinks/file/index.ts';
import { openAuditBroker } from '../core/audit/broker.ts';
import { verifyAuditFiles } from '../core/audit/verify.ts';
import { StrongroomError } from '../core/errors.ts';
import { smallDisk } from './harness/small-disk.ts';

const { directory, mounted } = smallDisk('1m');

test.skipIf(!mounted)('a full disk refuses entries, and the file goes on whole when there is space again', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const path = join(directory, 'audit.log');
  const ballast = join(directory, 'ballast');
  const sink = await fileSink.open({ path });
  const broker = await openAuditBroker({
    sinks: [{ name: 'file', sink, required: true }],
    head: () => 1,
    now: () => 0,
    version: '1',
    signingKey: privateKey,
  });
  const acknowledged: string[] = [];
  let refused = 0;
  // Entries of about 5 KiB, so that the disk fills up in the middle of one.
  const record = async (name: string): Promise<boolean> => {
    try {
      await broker.record(`{"type":"request","name":"${name}","pad":"${'x'.repeat(5000)}"}`, { sync: true });
      acknowledged.push(name);
      return true;
    } catch (error) {
      if (!(error instanceof StrongroomError) || error.code !== 'audit-failed') throw error;
      refused++;
      return false;
    }
  };
  for (let round = 0; round < 3; round++) {
    await writeFile(ballast, Buffer.alloc(700_000 - round * 200_000));
    for (let index = 0; await record(`${round}-${index}`); index++);
    expect(await record(`${round}-full`)).toBe(false);
    await rm(ballast);
    expect(await record(`${round}-after`)).toBe(true);
  }
  await broker.close();
  expect(refused).toBe(6);
  const text = await readFile(path, 'utf8');
  const names = [...text.matchAll(/^\{.*"name":"([^"]+)".*\}$/gmu)].map(([, name]) => name);
  expect(names.filter((name) => acknowledged.some((one) => one === name))).toEqual(acknowledged);
  const report = await verifyAuditFiles([path], { publicKey });
  expect(report).toMatchObject({ ok: true, tornTail: false });
  expect(report.ok && report.recovered.length).toBe(3);
});
