/** An operator's day by the command line: sealed shares, rekey, rotate, generate-root, backup, restore; and what checks say afterwards. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../core/cli/run.ts';
import { TestServer } from '../harness/server.ts';

const files = mkdtempSync(join(tmpdir(), 'strongroom-operator-'));
let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ config: { seal: { type: 'shamir' }, initialize: { auto: false } } });
});
afterAll(async () => {
  await server.destroy();
  rmSync(files, { recursive: true });
});

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command in this process against the server. */
async function operator(args: readonly string[], stdin = ''): Promise<Outcome> {
  let out = '';
  let err = '';
  const code = await run(['operator', ...args], {
    env: { VAULT_ADDR: `http://127.0.0.1:${server.port}`, VAULT_TOKEN: server.rootToken },
    interactive: false,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    readStdin: () => Promise.resolve(stdin),
    readFile: (path) => readFileSync(path, 'utf8'),
    askSecret: () => Promise.resolve(stdin),
    writePrivateFile: () => {},
  });
  return { code, out, err };
}

async function done(args: readonly string[], stdin?: string): Promise<string> {
  const { code, out, err } = await operator(args, stdin);
  expect([args[0], code, err]).toEqual([args[0], 0, '']);
  return out;
}

const after = (text: string, label: string): string => new RegExp(`${label}[: ]+(\\S+)`).exec(text)?.[1] ?? '';

test('shares sealed to their holders unseal, and a quorum rekeys, verified', async () => {
  const keyFiles = [1, 2, 3].map((holder) => join(files, `holder-${holder}`));
  const publicKeys: string[] = [];
  for (const file of keyFiles) publicKeys.push((await done(['share-key', file])).trim());
  expect(statSync(keyFiles[0]!).mode & 0o777).toBe(0o600);
  expect((await operator(['share-key', keyFiles[0]!])).code).toBe(1);

  const made = await done(['init', '-key-shares=3', '-key-threshold=2', `-share-public-keys=${publicKeys.join(',')}`]);
  server.rootToken = after(made, 'Initial Root Token');
  const opened: string[] = [];
  for (const [index, file] of keyFiles.entries())
    opened.push((await done(['open-share', `-key-file=${file}`, '-'], `${after(made, `Unseal Key ${index + 1}`)}\n`)).trim());
  expect((await operator(['open-share', `-key-file=${keyFiles[1]!}`, after(made, 'Unseal Key 1')])).code).toBe(1);
  for (const share of opened.slice(1)) await done(['unseal', share]);

  expect((await operator(['rekey', opened[0]!])).err).toContain('begin one with -init');
  const begun = await done(['rekey', '-init', '-n=3', '-t=2', '-verify']);
  expect(begun).toContain('Verification Required    true');
  await done(['rekey', '-'], opened[0]);
  const rekeyed = await done(['rekey', opened[1]!]);
  const shares = [1, 2, 3].map((index) => after(rekeyed, `Key ${index}`));
  expect(rekeyed).toContain('operator rekey -verify -nonce=');
  expect((await operator(['rekey', opened[0]!])).code).toBe(1);
  expect(await done(['rekey', '-status', '-verify'])).toContain('Rekey Progress');
  await done(['rekey', '-verify', shares[0]!]);
  expect(await done(['rekey', '-verify', shares[2]!])).toContain('The new shares are in force');
  expect(await done(['rekey', '-cancel'])).toContain('Success!');
  await done(['seal']);
  expect((await operator(['unseal', opened[0]!])).code).toBe(0);
  expect((await operator(['unseal', opened[1]!])).code).toBe(2);
  for (const share of shares.slice(1)) await done(['unseal', share]);
  writeFileSync(join(files, 'shares'), shares.join('\n'));
});

test('a quorum generates a root token that only the password decodes, and keys rotate', async () => {
  const shares = readFileSync(join(files, 'shares'), 'utf8').split('\n');
  const otp = (await done(['generate-root', '-generate-otp'])).trim();
  expect(otp).toHaveLength(28);
  await done(['generate-root', '-init', `-otp=${otp}`]);
  await done(['generate-root', shares[0]!]);
  const encoded = after(await done(['generate-root', shares[1]!]), 'Encoded Token');
  const token = (await done(['generate-root', `-decode=${encoded}`, `-otp=${otp}`])).trim();
  expect((await server.send({ method: 'GET', path: 'auth/token/lookup-self', token })).status).toBe(200);
  expect(await done(['generate-root', '-status'])).toContain('Started       false');
  expect(await done(['rotate'])).toMatch(/Success! Rotated key\n\n.*Key Term +2/s);
  expect(JSON.parse(await done(['key-status', '-format=json']))).toMatchObject({ term: 2 });
});

test('a backup is a file of mode 0600 and restores; both checks agree afterwards', async () => {
  const file = join(files, 'backup.snap');
  await server.send({ method: 'POST', path: 'cubby/x', body: {} });
  await server.send({ method: 'POST', path: 'secret/data/x', body: { data: { v: 1 } } });
  expect(await done(['backup', file])).toContain('Success!');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await server.send({ method: 'POST', path: 'secret/data/x', body: { data: { v: 2 } } });
  expect((await operator(['restore', file])).err).toContain('snapshot-force');
  const { code, err } = await operator(['restore', '-force', file]);
  expect([code, err]).toEqual([0, expect.stringContaining('WARNING! the backup is of revision')]);
  expect((await server.send({ method: 'GET', path: 'secret/data/x' })).json.data.data).toEqual({ v: 1 });
  expect((await operator(['restore', join(files, 'none')])).code).toBe(1);
  await server.kill('SIGTERM');
  expect((await operator(['backup', join(files, 'unreached')])).code).toBe(2);
  expect(existsSync(join(files, 'unreached.part'))).toBe(false);
  expect(await done(['check', '-shares', join(server.directory, 'data')], readFileSync(join(files, 'shares'), 'utf8'))).toContain(
    'values opens',
  );
});
