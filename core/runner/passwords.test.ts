import { afterAll, expect, test } from 'vitest';
import { StrongroomError } from '../errors.ts';
import { JobPool, jobsWaitingMax } from './job-pool.ts';
import { RequestPasswords } from './passwords.ts';

const jobs = new JobPool();
afterAll(() => jobs.close());
/** Of `password`, at the least cost there is: what is tested here is the pool. */
const cheap = '$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$+i/BRHA/4V4Y31HTu4QDKdFkhIClqbgtAvGTvhNOcWA';

async function codeOf(promise: () => Promise<unknown>): Promise<string> {
  try {
    await promise();
  } catch (error) {
    return error instanceof StrongroomError ? error.code : String(error);
  }
  return 'none';
}

test('a request that starts again gets the same hash, and asks for it once', async () => {
  const passwords = new RequestPasswords(jobs);
  const question = { kind: 'hash-password', password: 'p' } as const;
  const [one, two] = [await passwords.answer(question), await passwords.answer({ ...question })];
  expect(one.hash).toBe(two.hash);
  expect((await new RequestPasswords(jobs).answer(question)).hash).not.toBe(one.hash);
  const verify = { kind: 'verify-password', password: 'p', hash: one.hash } as const;
  expect([await passwords.answer(verify), await passwords.answer({ ...verify, password: 'q' })]).toEqual([{ fits: true }, { fits: false }]);
});

test('the pool takes so many and turns the rest away; closed, it turns all away', async () => {
  const pool = new JobPool();
  const run = (): Promise<unknown> => pool.run({ kind: 'verify-password', password: 'p', hash: cheap });
  const codes = await Promise.all(Array.from({ length: jobsWaitingMax + 100 }, () => codeOf(run)));
  const taken = codes.filter((code) => code === 'none').length;
  expect(taken).toBeGreaterThanOrEqual(jobsWaitingMax);
  expect(codes.filter((code) => code === 'unavailable').length).toBe(codes.length - taken);
  expect(taken).toBeLessThan(codes.length);
  await pool.close();
  expect(await codeOf(run)).toBe('unavailable');
});

test('what a job was given is in no error', async () => {
  const pool = new JobPool();
  const running = pool.run({ kind: 'hash-password', password: 'canary-password' }).catch((error: unknown) => error);
  await pool.close();
  const error = await running;
  expect(error).toBeInstanceOf(StrongroomError);
  expect(JSON.stringify([error, (error as Error).stack, (error as Error).cause])).not.toContain('canary-password');
});
