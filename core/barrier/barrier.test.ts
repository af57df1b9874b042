import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Barrier, mountPrefix } from './barrier.ts';
import { readBootFile, writeBootFile, type BootFile } from './boot-file.ts';
import { dekTable, envelopeOverhead, openEnvelope, rewrapEnvelope, sealEnvelope } from './envelope.ts';
import { hostKeyId, Keyring, logKeyId, sealsBlock } from './keyring.ts';
import { KeySeal } from './seal.ts';
import { openStaticSeal } from './static-seal.ts';

const failed = 'stored data failed authentication';
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe('an envelope', () => {
  const kek = { version: 7, key: randomBytes(32) };
  const place = { cluster: 'c', key: 'mount/m/a' };
  const kekOf = (version: number): typeof kek => {
    if (version !== 7) throw new Error('no such version');
    return kek;
  };
  const deks = dekTable();

  test('opens at its own place only', () => {
    const sealed = sealEnvelope(kek, place, Buffer.from('value'));
    expect(sealed.length).toBe('value'.length + envelopeOverhead);
    expect(text(openEnvelope(kekOf, place, sealed, deks))).toBe('value');
    expect(() => openEnvelope(kekOf, { ...place, key: 'mount/m/b' }, sealed, deks)).toThrow(failed);
    expect(() => openEnvelope(kekOf, { ...place, cluster: 'd' }, sealed, deks)).toThrow(failed);
  });

  test('does not open with any bit changed', () => {
    const sealed = sealEnvelope(kek, place, Buffer.from('v'));
    // Its DEK is known from here on.
    openEnvelope(kekOf, place, sealed, deks);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const bent = Buffer.from(sealed);
      bent[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => openEnvelope(kekOf, place, bent, deks)).toThrow(/failed authentication|no such version/);
    }
  });

  test('re-wraps without touching the ciphertext, and is left alone when current', () => {
    const sealed = sealEnvelope(kek, place, Buffer.from('value'));
    const newer = { version: 8, key: randomBytes(32) };
    const again = rewrapEnvelope(newer, kekOf, place, sealed);
    expect(again?.subarray(65)).toEqual(sealed.subarray(65));
    expect(text(openEnvelope(() => newer, place, again!, deks))).toBe('value');
    expect(rewrapEnvelope(newer, kekOf, place, again!)).toBeUndefined();
  });

  test('does not open without its KEK, although its DEK is known', () => {
    const sealed = sealEnvelope(kek, place, Buffer.from('value'));
    openEnvelope(kekOf, place, sealed, deks);
    const destroyed = (): never => {
      throw new Error('destroyed');
    };
    expect(() => openEnvelope(destroyed, place, sealed, deks)).toThrow('destroyed');
  });

  test('two of the same value have nothing in common', () => {
    expect(sealEnvelope(kek, place, Buffer.alloc(64)).subarray(5)).not.toEqual(sealEnvelope(kek, place, Buffer.alloc(64)).subarray(5));
  });
});

describe('a keyring', () => {
  test('comes back from its record, under the same root key and cluster only', () => {
    const root = randomBytes(32);
    const ring = Keyring.create(5).withKey('m', 6).rotated(7);
    const record = ring.seal(root, 'c');
    const opened = Keyring.open(record, root, 'c');
    expect(opened.ids()).toEqual([logKeyId, hostKeyId, 'm']);
    expect(opened.newest('m')).toEqual(ring.newest('m'));
    expect(opened.version('m', 1)).toEqual(ring.version('m', 1));
    expect(() => Keyring.open(record, randomBytes(32), 'c')).toThrow(failed);
    expect(() => Keyring.open(record, root, 'd')).toThrow(failed);
    expect(() => Keyring.open(record.subarray(0, -1), root, 'c')).toThrow(failed);
  });

  test('keeps old versions readable until they are dropped, and the log key for ever', () => {
    const ring = Keyring.create(0).rotated(1).rotated(2);
    expect(ring.hasOldKeks).toBe(true);
    const pruned = ring.withoutOldKeks();
    expect(pruned.hasOldKeks).toBe(false);
    expect(pruned.versions(logKeyId)).toHaveLength(3);
    expect(pruned.version(hostKeyId, 3).key).toEqual(ring.newest(hostKeyId).key);
    expect(() => pruned.version(hostKeyId, 2)).toThrow('has been destroyed');
  });

  test('reserves seals in blocks', () => {
    const ring = Keyring.create(0);
    expect(ring.newest(hostKeyId).sealsReserved).toBe(sealsBlock);
    expect(ring.withReservation(hostKeyId).newest(hostKeyId).sealsReserved).toBe(2 * sealsBlock);
  });
});

describe('the barrier', () => {
  test('keeps each mount under its own key, which is destroyed with it', () => {
    const barrier = new Barrier(randomBytes(32), 'c', Keyring.create(0).withKey('m1', 0).withKey('m2', 0));
    const key = `${mountPrefix('m1')}a`;
    const sealed = barrier.sealValue(key, Buffer.from('value'));
    expect(text(barrier.openValue(key, sealed))).toBe('value');
    expect(() => barrier.openValue(`${mountPrefix('m2')}a`, sealed)).toThrow(failed);
    barrier.adopt(barrier.ring.without('m1'));
    expect(() => barrier.openValue(key, sealed)).toThrow('has been destroyed');
    expect(barrier.rewrap(key, sealed)).toBeUndefined();
  });

  test('opens what was sealed before a rotation', () => {
    const barrier = new Barrier(randomBytes(32), 'c', Keyring.create(0));
    const aad = Buffer.from('frame');
    const [names, value] = [barrier.seal(Buffer.from('names'), aad), barrier.sealValue('core/x', Buffer.from('value'))];
    barrier.adopt(barrier.ring.rotated(1));
    expect(text(barrier.open(names, aad))).toBe('names');
    expect(text(barrier.openValue('core/x', value))).toBe('value');
    expect(text(barrier.openValue('core/x', barrier.rewrap('core/x', value)!))).toBe('value');
    expect(() => barrier.open(names, Buffer.from('other'))).toThrow(failed);
  });

  test('keyrings whose commits failed are taken back, in whatever order that is noticed', () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const first = Keyring.create(0);
      const barrier = new Barrier(randomBytes(32), 'c', first);
      const rings = [first.withKey('a', 0), first.withKey('a', 0).withKey('b', 0)];
      for (const ring of rings) barrier.adopt(ring);
      for (const index of order) barrier.retract(rings[index]!);
      expect(barrier.ring).toBe(first);
    }
  });

  test('holds nothing but zeros after it was wiped', () => {
    const root = Buffer.from(randomBytes(32));
    const barrier = new Barrier(root, 'c', Keyring.create(0));
    const { key } = barrier.ring.newest(hostKeyId);
    barrier.wipe();
    expect(Buffer.concat([root, key]).every((byte) => byte === 0)).toBe(true);
  });
});

describe('files of a data directory', () => {
  let directory = '';
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'barrier-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  const boot: BootFile = {
    format: 1,
    clusterId: 'c',
    clusterName: 'n',
    store: 'store-ab',
    rootKeyCommitment: '',
    rootKeys: [],
    confirmed: false,
  };

  test('the boot file comes back, 0600, and leaves nothing beside it', () => {
    expect(readBootFile(directory)).toBeUndefined();
    writeBootFile(directory, boot);
    writeBootFile(directory, { ...boot, confirmed: true });
    expect(readBootFile(directory)).toEqual({ ...boot, confirmed: true });
    expect(readdirSync(directory)).toEqual(['boot.json']);
    expect(statSync(join(directory, 'boot.json')).mode & 0o777).toBe(0o600);
  });

  test.each(['', '{', '{"format":2}', '{"format":1,"clusterId":"c","store":"../x","rootKeys":[]}'])(
    'a damaged boot file is an error, never "not initialized": %j',
    (content) => {
      writeFileSync(join(directory, 'boot.json'), content);
      expect(() => readBootFile(directory)).toThrow('is damaged');
    },
  );

  test('a static seal is made once, 0600, and wraps a root key that only it opens', async () => {
    const file = join(directory, 'seal.key');
    const seal = openStaticSeal({ file, create: true }, 'a', {});
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const root = randomBytes(32);
    const blob = await seal.wrap(root, 'c');
    expect(await openStaticSeal({ file, create: true }, 'a', {}).unwrap(blob, 'c')).toEqual(root);
    await expect(openStaticSeal({ file, create: false }, 'b', {}).unwrap(blob, 'c')).rejects.toThrow(failed);
    await expect(new KeySeal('static', 'a', randomBytes(32)).unwrap(blob, 'c')).rejects.toThrow(failed);
  });

  test('a static seal refuses a key that others can read, that is short, or that is not there', () => {
    const file = join(directory, 'seal.key');
    expect(() => openStaticSeal({ file, create: false }, 'a', {})).toThrow('cannot read');
    writeFileSync(file, 'ab'.repeat(32), { mode: 0o600 });
    chmodSync(file, 0o640);
    expect(() => openStaticSeal({ file, create: false }, 'a', {})).toThrow('must be 0600');
    expect(() => openStaticSeal({ environment: 'KEY' }, 'a', {})).toThrow('KEY is not set');
    expect(() => openStaticSeal({ environment: 'KEY' }, 'a', { KEY: 'abcd' })).toThrow('must hold 32 bytes');
  });
});

describe('a key wears out', () => {
  function counting(barrier: Barrier): { readonly reports: (readonly [string, boolean])[]; readonly seal: (times: number) => void } {
    const reports: (readonly [string, boolean])[] = [];
    barrier.onExhausted((id, rotate) => reports.push([id, rotate]));
    return {
      reports,
      seal: (times) => {
        for (let i = 0; i < times; i++) barrier.sealValue('core/x', Buffer.from('v'));
      },
    };
  }

  test('after the seals that are allowed, said once until something is done', () => {
    const barrier = new Barrier(randomBytes(32), 'c');
    barrier.limitSeals(10);
    const { reports, seal } = counting(barrier);
    seal(9);
    expect([reports, barrier.seals(hostKeyId)]).toEqual([[], 9]);
    seal(5);
    expect(reports).toEqual([[hostKeyId, true]]);
    barrier.adopt(barrier.ring.withKey(hostKeyId, 0));
    seal(9);
    expect([reports.length, barrier.seals(hostKeyId)]).toEqual([1, 9]);
    seal(1);
    expect(reports).toHaveLength(2);
  });

  test('a start counts as many as were reserved before it', () => {
    const rootKey = randomBytes(32);
    const record = new Barrier(Buffer.from(rootKey), 'c').record(Keyring.create(0));
    const barrier = new Barrier(rootKey, 'c');
    barrier.keyring(record);
    const { reports, seal } = counting(barrier);
    expect(barrier.seals(hostKeyId)).toBe(sealsBlock);
    seal(1);
    expect(reports).toEqual([[hostKeyId, false]]);
    barrier.adopt(barrier.ring.withReservation(hostKeyId));
    seal(100);
    expect(reports).toHaveLength(1);
    barrier.limitSeals(sealsBlock);
    seal(1);
    expect(reports.at(-1)).toEqual([hostKeyId, true]);
  });
});

describe('another root key', () => {
  test('opens what lies under the one before until that is forgotten; what comes later the one before never opens', () => {
    const [old, next] = [randomBytes(32), randomBytes(32)];
    const barrier = new Barrier(Buffer.from(old), 'c', Keyring.create(0));
    const before = barrier.record(barrier.ring);
    const mac = barrier.mac(Buffer.from('manifest'));
    barrier.replaceRoot(Buffer.from(next));
    const after = barrier.record(barrier.ring);
    for (const record of [before, after]) barrier.keyring(record);
    expect(barrier.isMac(Buffer.from('manifest'), mac)).toBe(true);
    barrier.forgetPreviousRoot();
    expect(() => barrier.keyring(before)).toThrow('failed authentication');
    expect(barrier.isMac(Buffer.from('manifest'), mac)).toBe(false);
    barrier.keyring(after);
    expect(() => new Barrier(Buffer.from(old), 'c').keyring(after)).toThrow('failed authentication');
    new Barrier(Buffer.from(next), 'c', undefined, Buffer.from(old)).keyring(before);
  });
});
