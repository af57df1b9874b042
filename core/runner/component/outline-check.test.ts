/** What a component may declare. Invariant: what gets through is what the SDK itself could have said. */
import { describe, expect, test } from 'vitest';
import { outlineOf } from '@strongroom/sdk-plugin/serving';
import userpass from '../../../auth-methods/userpass/index.ts';
import kv from '../../../plugins/kv/index.ts';
import { checkOutline } from './outline-check.ts';

const field = (json: unknown): unknown => ({
  name: 'x',
  version: '1',
  routes: {
    r: { template: 'r', summary: '', access: 'token', verbs: { read: { summary: '', reads: [], input: { f: { json, optional: true } } } } },
  },
});

const follows = (given: unknown): string =>
  JSON.stringify({
    name: 'x',
    version: '1',
    routes: { r: { access: 'token', summary: '', verbs: { read: { summary: '', reads: [], follows: given, input: {} } } } },
  });

describe('an outline', () => {
  test.each([kv, userpass])('of our own $name comes through as it is', (plugin) => {
    const outline = outlineOf(plugin);
    expect(checkOutline(JSON.stringify(outline))).toEqual({ ...outline, rows: false });
    expect(checkOutline(JSON.stringify({ ...outline, rows: true })).rows).toBe(true);
  });

  test.each([
    ['no JSON', '{', 'its outline is not JSON'],
    ['no object', '[]', 'field outline'],
    ['a name with a path', JSON.stringify({ name: '../x', version: '1', routes: {} }), 'field name'],
    ['no version', JSON.stringify({ name: 'x', routes: {} }), 'field version'],
    ['a job without an interval', JSON.stringify({ name: 'x', version: '1', routes: {}, jobs: { tidy: 0 } }), 'field jobs'],
    ['a migration to nowhere', JSON.stringify({ name: 'x', version: '1', routes: {}, migrations: ['latest'] }), 'field migrations'],
    ['no routes', JSON.stringify({ name: 'x', version: '1' }), 'field routes'],
    [
      'an unknown access',
      JSON.stringify({ name: 'x', version: '1', routes: { r: { access: 'root', summary: '', verbs: {} } } }),
      'field routes["r"].access',
    ],
    [
      'an unknown verb',
      JSON.stringify({ name: 'x', version: '1', routes: { r: { access: 'token', summary: '', verbs: { run: {} } } } }),
      'field routes["r"].verbs',
    ],
    ['a pattern', JSON.stringify(field({ type: 'string', pattern: '(a+)+$' })), 'field routes["r"].read.input.f.pattern'],
    ['a reference', JSON.stringify(field({ $ref: 'file:///etc/passwd' })), 'field routes["r"].read.input.f.$ref'],
    ['a schema of another kind', JSON.stringify(field({ type: 'string', $async: true })), 'input.f.$async'],
    ['a bound that is no number', JSON.stringify(field({ minimum: '1); globalThis.PWNED = (1' })), 'input.f.minimum'],
    [
      'a schema inside that is malformed',
      JSON.stringify(field({ type: 'object', properties: { a: { items: { if: {} } } } })),
      'input.f.a.if',
    ],
    ['a schema that is too deep', JSON.stringify(field(Array.from({ length: 10 }).reduce<object>((items) => ({ items }), {}))), 'input.f'],
    ['a guess that is none', follows([null]), 'read.follows'],
    ['a guess at a place that is none', follows([{ from: 'a', at: -1, key: 'b' }]), 'read.follows.at'],
    ['a guess whose key is no text', follows([{ from: 'a', at: 1, key: {} }]), 'read.follows.key'],
    ['too many guesses', follows(Array.from({ length: 5 }, () => ({ from: 'a', at: 1, key: 'b' }))), 'read.follows'],
    [
      'too many routes',
      JSON.stringify({ name: 'x', version: '1', routes: Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [n, {}])) }),
      'field routes',
    ],
  ])('with %s is refused', (_, json, why) => {
    expect(() => checkOutline(json)).toThrow(why);
  });
});
