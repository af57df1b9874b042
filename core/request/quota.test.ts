/** Which quota counts, and how requests are counted. */
import { describe, expect, test } from 'vitest';
import { defaultQuotaConfig, isExempt, quotaFor, type RateQuota, roleMatters } from './quota.ts';
import { RateLimiter } from './rate-limit.ts';
import { addressesMax, RequestCounts } from './request-counts.ts';

function quota(name: string, mount = '', suffix = '', role = ''): RateQuota {
  return { name, mount, suffix, role, rate: 2, interval: 10, blockInterval: 0 };
}

const quotas = [
  quota('all'),
  quota('secret', 'secret/'),
  quota('exact', 'secret/', 'data/app'),
  quota('glob', 'secret/', 'data/*'),
  quota('longer', 'secret/', 'data/team-*'),
  quota('login', 'auth/userpass/'),
  quota('role', 'auth/userpass/', '', 'ci'),
];

describe('the most specific quota counts', () => {
  test.each([
    ['sys/mounts', '', 'all'],
    ['secrets/x', '', 'all'],
    ['secret', '', 'secret'],
    ['secret/metadata/app', '', 'secret'],
    ['secret/data/app', '', 'exact'],
    ['secret/data/app/x', '', 'glob'],
    ['secret/data/team-red/x', '', 'longer'],
    ['auth/userpass/login/ci', '', 'login'],
    ['auth/userpass/login/x', 'ci', 'role'],
    ['auth/userpass/login/x', 'other', 'login'],
    ['secret/data/app', 'ci', 'exact'],
  ])('%s, role %j: %s', (path, role, name) => {
    expect(quotaFor(quotas, path, role)?.name).toBe(name);
    expect(quotaFor(quotas.toReversed(), path, role)?.name).toBe(name);
  });

  test('a role matters only below the mount of a quota that names one', () => {
    expect([roleMatters(quotas, 'auth/userpass/login/x'), roleMatters(quotas, 'secret/data/x')]).toEqual([true, false]);
  });

  test.each([
    ['sys/mounts', true],
    ['sys/mounts/x', true],
    ['sys/mountsx', false],
    ['secret/data/open-a', true],
    ['secret/data/closed', false],
  ])('exempt: %s %s', (path, expected) => {
    expect(isExempt({ ...defaultQuotaConfig, exemptPaths: ['sys/mounts', 'secret/data/open-*'] }, path)).toBe(expected);
  });
});

test('a limiter of all requests bears any number of addresses, too', () => {
  const limiter = new RateLimiter({ perSecond: 1, burst: 1 });
  for (let i = 0; i < 300_000; i++) limiter.take(String(i), 0);
  expect([limiter.take('299999', 0), limiter.take('new', 0)]).toEqual([1, 0]);
});

describe('requests of an address', () => {
  test('are counted in windows', () => {
    const counts = new RequestCounts();
    const take = (at: number, address = '10.0.0.1'): boolean => counts.take('q', quota('q'), address, at).allowed;
    expect([take(0), take(1), take(2), take(9999)]).toEqual([true, true, false, false]);
    expect(take(3, '10.0.0.2')).toBe(true);
    expect([take(10_000), take(10_001), take(10_002)]).toEqual([true, true, false]);
  });

  test('are all refused for the time of a block, which asking on does not lengthen', () => {
    const counts = new RequestCounts();
    const blocking: RateQuota = { ...quota('q'), blockInterval: 60 };
    const take = (at: number): boolean => counts.take('q', blocking, '10.0.0.1', at).allowed;
    expect([take(0), take(1), take(2), take(11_000), take(60_001)]).toEqual([true, true, false, false, false]);
    expect(take(60_002)).toBe(true);
  });

  test('say how many are left and how long to wait', () => {
    const counts = new RequestCounts();
    expect(counts.take('q', quota('q'), 'a', 0)).toEqual({ allowed: true, limit: 2, remaining: 1, waitMs: 10_000 });
    counts.take('q', quota('q'), 'a', 0);
    expect(counts.take('q', quota('q'), 'a', 4000)).toEqual({ allowed: false, limit: 2, remaining: 0, waitMs: 6000 });
  });

  test('of a million addresses take no more memory than those of the last hundred thousand', () => {
    const counts = new RequestCounts();
    for (let i = 0; i < 1_000_000; i++) counts.take('q', quota('q'), String(i), 0);
    expect(counts.size).toBeLessThanOrEqual(addressesMax);
    expect(counts.size).toBeGreaterThan(addressesMax / 2);
    counts.take('q', quota('q'), '999999', 0);
    expect(counts.take('q', quota('q'), '999999', 0).allowed).toBe(false);
  });
});
