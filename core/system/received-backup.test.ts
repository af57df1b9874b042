/** Hostile uploads: whatever is changed, cut or made up is refused in words, and never anything but that. */
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { StrongroomError } from '../errors.ts';
import { tarEnd, tarHeader, tarPadding } from '../storage/archive/tar.ts';
import { seededRandom, SimulatedDisk } from '../storage/log/simulated-disk.ts';
import { backupNames, sumLine } from './backup.ts';
import { receiveBackup } from './received-backup.ts';
import type { IncomingStore } from './store-directory.ts';

const seed = Number(process.env['STRONGROOM_TEST_SEED'] ?? Date.now() % 1_000_000_000);
const rounds = 400 * Number(process.env['STRONGROOM_TEST_SCALE'] ?? '1');

function store(): IncomingStore {
  const disk = new SimulatedDisk(seededRandom(1));
  return {
    name: 'store-0',
    create: (file) => disk.create(`incoming/${file}`),
    sync: () => Promise.resolve(),
    verify: () => {},
    discard: () => {},
  };
}

type Entry = readonly [name: string, content: string];

const meta = JSON.stringify({ format: 1, clusterId: 'c', revision: 7, createdAt: '2026-01-01T00:00:00Z', version: '1' });
const boot = JSON.stringify({
  format: 1,
  clusterId: 'c',
  clusterName: 'n',
  store: 'store-0',
  rootKeyCommitment: '',
  rootKeys: [],
  confirmed: true,
});
const whole: readonly Entry[] = [
  [backupNames.meta, meta],
  [backupNames.boot, boot],
  ['store/manifest', 'm'.repeat(300)],
  ['store/base-00000002', 'b'.repeat(2000)],
  ['store/log-00000003', 'l'.repeat(512)],
];

/** A tar of entries, with the sums that belong to them. */
function archive(entries: readonly Entry[]): Buffer {
  const sums = entries.map(([name, content]) => sumLine(name, createHash('sha256').update(content).digest())).join('');
  const all = [...entries, [backupNames.sums, sums], [backupNames.sealed, `${'ab'.repeat(32)}\n`]] as const;
  return Buffer.concat([
    ...all.flatMap(([name, content]) => [tarHeader({ name, bytes: content.length }, 0), Buffer.from(content), tarPadding(content.length)]),
    tarEnd,
  ]);
}

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function received(bytes: Uint8Array, size = 700): Promise<string> {
  try {
    const { meta: read, mac } = await receiveBackup(chunks(bytes, size), store());
    return `revision ${read.revision}, ${mac.length} bytes`;
  } catch (error) {
    return error instanceof StrongroomError ? `${error.code}: ${error.message}` : `unexpected: ${String(error)}`;
  }
}

test.each([1, 511, 512, 513, 100_000])('a whole one is received however it is cut into chunks of %i', async (size) => {
  expect(await received(gzipSync(archive(whole)), size)).toBe('revision 7, 32 bytes');
});

test.each<readonly [string, readonly Entry[]]>([
  ['an archive of nothing', []],
  ['without boot.json', whole.filter(([name]) => name !== backupNames.boot)],
  ['in another order', [whole[1]!, whole[0]!, ...whole.slice(2)]],
  ['a file twice', [...whole, whole[2]!]],
  ['a file that leaves its directory', [...whole, ['store/../../boot.json', '{}']]],
  ['an absolute name', [...whole, ['/etc/passwd', 'x']]],
  ['the lock', [...whole, ['store/lock', 'x']]],
  ['meta.json of another format', [[backupNames.meta, meta.replace('"format":1', '"format":2')], ...whole.slice(1)]],
  ['meta.json that is no JSON', [[backupNames.meta, '{'], ...whole.slice(1)]],
  ['boot.json of another cluster', [whole[0]!, [backupNames.boot, boot.replace('"clusterId":"c"', '"clusterId":"d"')], ...whole.slice(2)]],
  ['boot.json whose store leaves the directory', [whole[0]!, [backupNames.boot, boot.replace('store-0', '../x')], ...whole.slice(2)]],
  ['a meta.json beyond its bound', [[backupNames.meta, ' '.repeat(1_048_577)], ...whole.slice(1)]],
])('%s is refused', async (_, entries) => {
  expect(await received(gzipSync(archive(entries)))).toMatch(/^invalid: the backup is damaged, or is none: /);
});

test('something behind the end is refused', async () => {
  const bytes = archive(whole);
  expect(await received(gzipSync(Buffer.concat([bytes, Buffer.from('x')])))).toContain('something follows its end');
  expect(await received(Buffer.concat([gzipSync(bytes), gzipSync(Buffer.from('x'))]))).toMatch(/^invalid/);
});

test(`any one changed byte, and any cut, is refused in words (seed ${seed})`, async () => {
  const choose = seededRandom(seed);
  const bytes = archive(whole);
  for (let round = 0; round < rounds; round++) {
    const bent = Buffer.from(bytes);
    const at = choose(bytes.length);
    bent[at]! ^= 1 + choose(255);
    const found = await received(gzipSync(bent), 1 + choose(3000));
    // Zeros between the entries, and digits in the seal of the sums, which only the root key checks, may be others.
    if (found !== 'revision 7, 32 bytes') expect(found).toMatch(/^invalid: the backup /);
    else expect([bytes[at] === 0 || bytes.subarray(at - 64, at + 65).includes('abab'), at]).toEqual([true, at]);
    const packed = gzipSync(bytes);
    expect(await received(packed.subarray(0, choose(packed.length)))).toMatch(/^invalid: the backup /);
    expect(await received(gzipSync(bytes.subarray(0, choose(bytes.length - tarEnd.length))))).toMatch(/^invalid: the backup /);
  }
  expect(gunzipSync(gzipSync(bytes)).equals(bytes)).toBe(true);
});
