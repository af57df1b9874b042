/**
 * The contract of `Storage`, as tests: every implementation runs this same suite.
 * Call it inside a `.test.ts` file with a factory of fresh, empty stores.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StrongroomError } from '../errors.ts';
import { parentOf } from './keys.ts';
import { commitBounds, Conflict, type Storage, type Write } from './types.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const put = (key: string, text = key): Write => ({ key, value: bytes(text) });
const remove = (key: string): Write => ({ key, value: undefined });

/** Multiplies the counts of the random tests: the environment variable STRONGROOM_TEST_SCALE, 1 by default. */
export const testScale: number = Number(process.env['STRONGROOM_TEST_SCALE'] ?? '1');

async function read(storage: Storage, key: string): Promise<string | undefined> {
  const { value } = await storage.get(key);
  return value === undefined ? undefined : new TextDecoder().decode(value);
}

async function names(storage: Storage, directory: string, after = '', limit = 1000): Promise<readonly string[]> {
  return (await storage.list(directory, after, limit)).names;
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof StrongroomError) return error.code;
    throw error;
  }
  return 'none';
}

/** The children that `list` has to give, computed the plain way. */
function childrenOf(keys: Iterable<string>, directory: string): string[] {
  const found = new Set<string>();
  for (const key of keys) {
    if (!key.startsWith(directory)) continue;
    const slash = key.indexOf('/', directory.length);
    found.add(key.slice(directory.length, slash === -1 ? undefined : slash + 1));
  }
  return [...found].sort((a, b) => (a < b ? -1 : 1));
}

/** Registers the suite. `open` gives a fresh empty store; `reopen`, where there is a disk, closes one and opens what it left. */
export function storageContract(name: string, open: () => Promise<Storage>, reopen?: (storage: Storage) => Promise<Storage>): void {
  describe(`the storage contract: ${name}`, () => {
    test('an absent key has revision 0 and no value', async () => {
      const storage = await open();
      expect(await storage.get('a/b')).toEqual({ revision: 0, value: undefined });
      expect(await names(storage, '')).toEqual([]);
      await storage.close();
    });

    test('a commit is visible at once, under one revision for all its writes', async () => {
      const storage = await open();
      const { revision, durable } = storage.commit([put('a/1'), put('a/2')]);
      expect(storage.head()).toBe(revision);
      expect((await storage.get('a/1')).revision).toBe(revision);
      expect((await storage.get('a/2')).revision).toBe(revision);
      await durable;
      await storage.durable(revision);
      expect(await read(storage, 'a/1')).toBe('a/1');
      await storage.close();
    });

    test('an empty value is a value, and a deleted one is none', async () => {
      const storage = await open();
      await storage.commit([put('k', '')]).durable;
      expect((await storage.get('k')).value?.byteLength).toBe(0);
      await storage.commit([remove('k')]).durable;
      expect(await storage.get('k')).toEqual({ revision: 0, value: undefined });
      await storage.close();
    });

    test('the later of two writes wins, before and after both are durable', async () => {
      const storage = await open();
      const first = storage.commit([put('k', 'one')]);
      const second = storage.commit([put('k', 'two')]);
      expect(second.revision).toBeGreaterThan(first.revision);
      expect(await read(storage, 'k')).toBe('two');
      await Promise.all([first.durable, second.durable]);
      expect(await read(storage, 'k')).toBe('two');
      await storage.close();
    });

    test('a listing gives entries and directories in order, and pages by name', async () => {
      const storage = await open();
      await storage.commit(['a', 'a-b', 'a/x', 'a/y/z', 'b/c', 'b0', 'é', '\u{1f600}', '\uffff'].map((key) => put(key))).durable;
      expect(await names(storage, '')).toEqual(['a', 'a-b', 'a/', 'b/', 'b0', 'é', '\u{1f600}', '\uffff']);
      expect(await names(storage, 'a/')).toEqual(['x', 'y/']);
      expect(await names(storage, '', 'a', 2)).toEqual(['a-b', 'a/']);
      expect(await names(storage, '', 'a/', 2)).toEqual(['b/', 'b0']);
      expect(await names(storage, '', 'a!', 1)).toEqual(['a-b']);
      expect(await names(storage, '', '', 0)).toEqual([]);
      expect(await names(storage, 'missing/')).toEqual([]);
      await storage.close();
    });

    test('a write moves the slot of its key and no listing when nothing appears or vanishes', async () => {
      const storage = await open();
      storage.commit([put('d/k')]);
      const [key, directory] = [storage.slot('d/k'), storage.slot('d/')];
      const before = storage.movedAt(directory);
      const { revision } = storage.commit([put('d/k', 'again')]);
      expect(storage.movedAt(key)).toBe(revision);
      expect(storage.movedAt(directory)).toBe(before);
      await storage.close();
    });

    test('a creation or deletion moves its directory, and upward as far as the listings change', async () => {
      const storage = await open();
      storage.commit([put('a/other')]);
      const moved = (names_: string[]): number[] => names_.map((name_) => storage.movedAt(storage.slot(name_)));
      const root = storage.movedAt(storage.slot(''));
      const created = storage.commit([put('a/b/c/k')]).revision;
      expect(moved(['a/b/c/', 'a/b/', 'a/', ''])).toEqual([created, created, created, root]);
      const second = storage.commit([put('a/b/c/l')]).revision;
      expect(moved(['a/b/c/', 'a/b/', 'a/'])).toEqual([second, created, created]);
      storage.commit([remove('a/b/c/l')]);
      const gone = storage.commit([remove('a/b/c/k')]).revision;
      expect(moved(['a/b/c/', 'a/b/', 'a/', ''])).toEqual([gone, gone, gone, root]);
      await storage.close();
    });

    test('a commit whose expectation moved is a conflict and changes nothing', async () => {
      const storage = await open();
      const at = storage.commit([put('k', 'one')]).revision;
      storage.commit([put('k', 'two')]);
      const head = storage.head();
      expect(() => storage.commit([put('other')], { slots: [storage.slot('k')], at })).toThrow(Conflict);
      expect(storage.head()).toBe(head);
      expect((await storage.get('other')).revision).toBe(0);
      storage.commit([put('other')], { slots: [storage.slot('k')], at: head });
      expect(await read(storage, 'other')).toBe('other');
      await storage.close();
    });

    test('an absent key and an empty directory can be depended on', async () => {
      const storage = await open();
      const at = storage.head();
      const slots = [storage.slot('new/k'), storage.slot('new/')];
      storage.commit([put('new/k')]);
      for (const slot of slots) expect(() => storage.commit([], { slots: [slot], at })).toThrow(Conflict);
      await storage.close();
    });

    test('of a hundred commits that depend on the same thing exactly one wins', async () => {
      const storage = await open();
      const at = storage.head();
      const outcomes = Array.from({ length: 100 }, (_, i) => {
        try {
          return storage.commit([put('counter', `${i}`)], { slots: [storage.slot('counter')], at }) && 'won';
        } catch (error) {
          return error instanceof Conflict ? 'conflict' : error;
        }
      });
      expect(outcomes).toEqual(['won', ...Array.from({ length: 99 }, () => 'conflict')]);
      await storage.close();
    });

    test.each([
      ['an empty key', '', 'invalid'],
      ['a leading slash', '/a', 'invalid'],
      ['a trailing slash', 'a/', 'invalid'],
      ['an empty segment', 'a//b', 'invalid'],
      ['half a surrogate pair', 'a\ud800', 'invalid'],
      ['a key one byte over its bound', 'k'.repeat(commitBounds.keyBytesMax + 1), 'too-large'],
      ['a key over its bound in UTF-8 only', 'é'.repeat(commitBounds.keyBytesMax / 2 + 1), 'too-large'],
    ])('%s is refused', async (_what, key, code) => {
      const storage = await open();
      expect(codeOf(() => storage.commit([put('fine'), { key, value: bytes('v') }]))).toBe(code);
      expect(storage.head()).toBe(0);
      expect((await storage.get('fine')).revision).toBe(0);
      await storage.close();
    });

    test('a commit at its bounds is taken, one write or byte more is refused', async () => {
      const storage = await open();
      const many = Array.from({ length: commitBounds.writesMax }, (_, i) => put(`many/${i}`));
      await storage.commit(many).durable;
      expect(codeOf(() => storage.commit([...many, put('one-more')]))).toBe('too-large');
      expect(codeOf(() => storage.commit([{ key: 'big', value: new Uint8Array(commitBounds.bytesMax) }]))).toBe('too-large');
      expect(codeOf(() => storage.commit([put('twice'), put('twice')]))).toBe('invalid');
      await storage.commit([put('k'.repeat(commitBounds.keyBytesMax), 'v')]).durable;
      await storage.close();
    });

    test('changes come in order from where they are asked for, and end with the store', async () => {
      const storage = await open();
      const first = storage.commit([put('a'), put('b')]);
      const second = storage.commit([remove('a')]);
      await second.durable;
      const seen: { revision: number; writes: readonly Write[] }[] = [];
      const reader = (async () => {
        for await (const change of storage.changes(first.revision)) seen.push(change);
      })();
      const third = storage.commit([put('c', 'three')]);
      await third.durable;
      await storage.close();
      await reader;
      expect(seen.map((change) => change.revision)).toEqual([second.revision, third.revision]);
      expect(seen[0]?.writes).toEqual([remove('a')]);
      expect(seen[1]?.writes.map(({ key, value }) => [key, Buffer.from(value ?? []).toString()])).toEqual([['c', 'three']]);
    });

    test('closing twice is fine, and a closed store takes nothing', async () => {
      const storage = await open();
      storage.commit([put('k')]);
      await storage.close();
      await storage.close();
      expect(codeOf(() => storage.commit([put('k')]))).toBe('unavailable');
    });

    test('random histories behave like a Map, and survive reopening', async () => {
      const segment = fc.constantFrom('a', 'b', 'c', 'a-', 'ab', 'é', '0');
      const key = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
      const write = fc.record({ key, text: fc.option(fc.string({ maxLength: 20 }), { nil: undefined }) });
      const step = fc.oneof(
        { arbitrary: fc.uniqueArray(write, { selector: ({ key: k }) => k, minLength: 1, maxLength: 40 }), weight: 8 },
        { arbitrary: fc.constant('reopen' as const), weight: 1 },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
          let storage = await open();
          const model = new Map<string, { text: string; revision: number }>();
          for (const writes of steps) {
            if (writes === 'reopen') {
              const head = storage.head();
              storage = reopen === undefined ? storage : await reopen(storage);
              const never = storage.movedAt(storage.slot('never/written'));
              if (storage.head() !== head || never !== (reopen === undefined ? 0 : head)) throw new Error('reopening lost the head');
              continue;
            }
            const directories = new Set([...model.keys(), ...writes.map((w) => w.key)].flatMap(ancestors));
            const listings = new Map([...directories].map((d) => [d, childrenOf(model.keys(), d).join('\n')]));
            const { revision } = storage.commit(
              writes.map((w) => ({ key: w.key, value: w.text === undefined ? undefined : bytes(w.text) })),
            );
            for (const { key: k, text } of writes) {
              if (text === undefined) model.delete(k);
              else model.set(k, { text, revision });
            }
            for (const [directory, before] of listings) {
              const now = childrenOf(model.keys(), directory);
              expect(await names(storage, directory)).toEqual(now);
              const movedAt = storage.movedAt(storage.slot(directory));
              expect(now.join('\n') === before || movedAt === revision).toBe(true);
            }
          }
          for (const [k, { text, revision }] of model) {
            expect(await storage.get(k)).toMatchObject({ revision });
            expect(await read(storage, k)).toBe(text);
          }
          await storage.close();
        }),
        { numRuns: Math.ceil(25 * testScale) },
      );
    });
  });
}

function ancestors(key: string): string[] {
  const found: string[] = [];
  for (let directory = parentOf(key); directory !== ''; directory = parentOf(directory.slice(0, -1))) found.push(directory);
  return [...found, ''];
}
