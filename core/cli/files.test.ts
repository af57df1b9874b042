import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AuditChain, chainStart } from '../audit/chain.ts';
import { LineBuffer } from '../audit/line-buffer.ts';
import { readBootFile } from '../barrier/boot-file.ts';
import { openStaticSeal } from '../barrier/static-seal.ts';
import { Clock } from '../identity/clock.ts';
import { initialize } from '../system/initialize.ts';
import { openDirectory } from '../system/store-directory.ts';
import { runAgainst, type Outcome, type Surroundings } from './scripted-server.ts';

let directory: string;
let data: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strongroom-cli-'));
  data = join(directory, 'data');
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

const run = (args: readonly string[], around?: Surroundings): Promise<Outcome> => runAgainst({}, args, around);

/** Makes the data directory of an initialized server, and stops. Gives the shares, if there are any. */
async function makeServer(kind: 'static' | 'shamir'): Promise<readonly string[]> {
  const place = openDirectory({ directory: data, compactAtBytes: 1_000_000, onFatal: () => {} });
  const seals = kind === 'static' ? [openStaticSeal({ file: join(directory, 'key'), create: true }, 'one', {})] : [];
  const { shares } = await initialize(place, seals, { shares: 3, threshold: 2 }, 'test', new Clock(() => 1_700_000_000_000));
  place.release();
  return shares.map((share) => Buffer.from(share).toString('base64'));
}

/** Turns one bit of the first log file. */
function flip(at: number): void {
  const store = join(data, readBootFile(data)?.store ?? '');
  const log = join(store, readdirSync(store).find((name) => name.startsWith('log')) ?? '');
  const bytes = readFileSync(log);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(log, bytes);
}

describe('operator check', () => {
  test('finds a stopped directory whole, with and without the key of a static seal', async () => {
    await makeServer('static');
    expect(await run(['operator', 'check', data])).toMatchObject({ code: 0, out: expect.stringContaining('were not opened') });
    const opened = await run(['operator', 'check', `-key-file=${join(directory, 'key')}`, data]);
    expect(opened).toMatchObject({ code: 0, out: expect.stringMatching(/up to revision \d+\.\nEach of its \d+ values opens\.\n/) });
  });

  test('opens a directory by shares on standard input', async () => {
    const shares = await makeServer('shamir');
    const stdin = `${shares[0]}\n\n${shares[2]}\n`;
    expect(await run(['operator', 'check', '-shares', data], { stdin })).toMatchObject({ code: 0 });
    const few = await run(['operator', 'check', '-shares', data], { stdin: `${shares[0]}\n${shares[0]}\n` });
    expect(few).toMatchObject({ code: 1, err: 'Expected 2 different shares on standard input, one a line\n' });
  });

  test('names file and offset of damage and exits 2', async () => {
    await makeServer('static');
    flip(200);
    const { code, err } = await run(['operator', 'check', `-key-file=${join(directory, 'key')}`, data]);
    expect([code, err]).toEqual([2, expect.stringMatching(/^log-\d+:\d+: /)]);
  });

  test('refuses a directory that a server holds', async () => {
    await makeServer('static');
    const holder = openDirectory({ directory: data, compactAtBytes: 1_000_000, onFatal: () => {} });
    const { code, err } = await run(['operator', 'check', data]);
    holder.release();
    expect([code, err]).toEqual([2, expect.stringContaining('another strongroom holds')]);
  });

  test.each([
    [['-shares'], 'The root key of this server is not wrapped by a shamir seal\n'],
    [['-shares', '-key-env=X'], 'Give one of -key-file, -key-env and -shares\n'],
    [['-key-env=NOT_SET_ANYWHERE'], 'seal.key_env: the environment variable NOT_SET_ANYWHERE is not set\n'],
  ])('called with %j is refused', async (flags, err) => {
    await makeServer('static');
    expect(await run(['operator', 'check', ...flags, data])).toMatchObject({ err });
  });

  test('refuses what is no data directory', async () => {
    expect(await run(['operator', 'check'])).toMatchObject({ code: 1 });
    expect(await run(['operator', 'check', join(directory, 'none')])).toMatchObject({
      code: 1,
      err: expect.stringContaining('no boot file'),
    });
  });
});

describe('audit verify', () => {
  /** Writes a file of three chained lines, after `change`. */
  function writeAudit(change: (lines: readonly string[]) => readonly string[]): string {
    const chain = new AuditChain({ seq: 0, hash: chainStart });
    const buffer = new LineBuffer();
    for (const n of [1, 2, 3]) buffer.append(chain, `{"type":"request","n":${n}}`);
    const lines = buffer
      .lines()
      .toString()
      .split(/(?<=\n)/u);
    const path = join(directory, 'audit.log');
    writeFileSync(path, change(lines).join(''));
    return path;
  }

  test('finds a whole chain whole', async () => {
    expect(await run(['audit', 'verify', writeAudit((lines) => lines)])).toMatchObject({
      code: 0,
      out: expect.stringContaining('3 records'),
    });
  });

  test('names the first bad record and exits 2', async () => {
    const path = writeAudit((lines) => lines.filter((_, index) => index !== 1));
    const { code, err } = await run(['audit', 'verify', path]);
    expect([code, err]).toEqual([2, expect.stringContaining(`${path}:2: `)]);
  });

  test('without files is a local error', async () => {
    expect(await run(['audit', 'verify'])).toMatchObject({ code: 1 });
  });
});
