import { expect, test } from 'vitest';
import type { Head } from './head.ts';
import { RequestsUnderWay } from './under-way.ts';

function request(requestId: string, startedAt: number): { readonly head: Head; readonly startedAt: number } {
  return { head: { requestId } as Head, startedAt };
}

function ids(requests: RequestsUnderWay): readonly string[] {
  return requests.all().map(({ head }) => head.requestId);
}

test('what has begun and not ended is there, the longest under way first', () => {
  const requests = new RequestsUnderWay();
  const [a] = [requests.begin(request('a', 1)), requests.begin(request('b', 2))];
  requests.end(a);
  expect(ids(requests)).toEqual(['b']);
  requests.begin(request('c', 3));
  expect(ids(requests)).toEqual(['b', 'c']);
});

test('a number is used again only after its request has ended', () => {
  const requests = new RequestsUnderWay();
  const first = requests.begin(request('a', 1));
  expect(requests.begin(request('b', 2))).not.toBe(first);
  requests.end(first);
  expect(requests.begin(request('c', 3))).toBe(first);
  expect(ids(requests)).toEqual(['b', 'c']);
});
