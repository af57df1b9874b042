/** What every engine must do, as tests: an engine's own test file calls this with one request for each of its operations. */
import { describe, expect, test } from 'vitest';
import type { Verb } from '../engine.ts';
import { PluginError, type PluginErrorCode } from '../errors.ts';
import { fillTemplate, followLimits, isStorageKey, RouteTable } from '../hosting/index.ts';
import { type EngineOutline, type OperationOutline, outlineOf, type RouteOutline } from '../serving/outline.ts';
import { wrongInputs } from './ill-typed.ts';
import { type Plugin, RestartError, type TestFetch, type TestInput, TestMount, type TestMountOptions } from './test-mount.ts';

/** A request, as a client sends it, after those before it. */
export interface EngineExample {
  readonly verb: Verb;
  /** Below the mount. */
  readonly path: string;
  readonly input?: TestInput;
  /** What it answers. */
  readonly data?: unknown;
  /** It is to be refused. */
  readonly refused?: PluginErrorCode;
  /** It is to fail with an error that is no refusal: a client's 500. */
  readonly fails?: boolean;
}

/** An engine with what its tests need. */
export interface EngineUnderTest {
  /** In order, on one mount. Each operation of the engine is to be among them. */
  readonly examples: readonly EngineExample[];
  /** How it is mounted; asked for each mount anew. */
  readonly mount?: () => TestMountOptions;
  /** Names of what the engine has made outside and not removed. */
  readonly outside?: () => readonly string[] | Promise<readonly string[]>;
  /** Storage as the version before the first migration left it, as text by key. */
  readonly before?: Readonly<Record<string, string>>;
}

interface Operation {
  readonly route: RouteOutline;
  readonly verb: Verb;
  readonly operation: OperationOutline;
}

function operationsOf({ routes }: EngineOutline): readonly Operation[] {
  return Object.values(routes).flatMap((route) =>
    Object.entries(route.verbs).map(([verb, operation]) => ({ route, verb: verb as Verb, operation })),
  );
}

/** Registers the suite. */
export function engineContract(plugin: Plugin, under: EngineUnderTest): void {
  const outline = outlineOf(plugin);
  const newMount = (changes: TestMountOptions = {}): TestMount => new TestMount(plugin, { ...under.mount?.(), ...changes });

  /** Sends the examples, in order. */
  async function play(mount: TestMount, examples = under.examples, before: (example: EngineExample) => unknown = () => {}): Promise<void> {
    for (const example of examples) {
      await before(example);
      await send(mount, example);
    }
  }

  describe(`the contract of an engine: ${outline.name}`, () => {
    test('says what it is in data that stays the same', () => {
      expect(outlineOf(plugin)).toEqual(outline);
      expect(JSON.parse(JSON.stringify(outline))).toEqual(outline);
      expect(JSON.stringify(outline).length).toBeLessThan(1_048_576);
      expect(outline.name).toMatch(/^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/);
      for (const version of [outline.version, ...outline.migrations]) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
      for (const every of Object.values(outline.jobs)) expect(Number.isSafeInteger(every) && every > 0).toBe(true);
      for (const { route, operation } of operationsOf(outline))
        expect({ ...route, summary: operation.summary.length }).not.toMatchObject({ summary: 0 });
    });

    test('has routes whose templates, keys and names fit together', () => {
      expect(() => new RouteTable(outline.routes)).not.toThrow();
      for (const { route, operation } of operationsOf(outline)) {
        const { template, exists, lowercase } = route;
        const names = [...template.matchAll(/\{(\w+)\+?\}/g)].map(([, name = '']) => name);
        expect({ template, unknown: lowercase.filter((name) => !names.includes(name)) }).toEqual({ template, unknown: [] });
        const params = Object.fromEntries(names.map((name) => [name, 'x']));
        for (const key of [...operation.reads, ...(exists === undefined ? [] : [exists])]) {
          expect({ template, key, unknown: placesOf(key, names) }).toEqual({ template, key, unknown: [] });
          expect({ template, key, valid: isStorageKey(fillTemplate(key, params)) }).toEqual({ template, key, valid: true });
        }
        for (const { from, key } of operation.follows ?? []) {
          expect({ template, from, reads: operation.reads }).toEqual({ template, from, reads: expect.arrayContaining([from]) as unknown });
          expect({ template, key, unknown: placesOf(key, [...names, '']) }).toEqual({ template, key, unknown: [] });
        }
        expect((operation.follows ?? []).length).toBeLessThanOrEqual(followLimits.followsMax);
        const alias = placesOf(operation.alias ?? '', [...names, ...Object.keys(operation.input)]);
        expect({ template, alias }).toEqual({ template, alias: [] });
      }
    });

    test('has an example of each operation', async () => {
      const mount = newMount();
      const seen = new Set<string>();
      await play(mount, under.examples, (example) => seen.add(keyOf(operationOf(mount, outline, example))));
      expect(
        operationsOf(outline)
          .map(keyOf)
          .filter((key) => !seen.has(key)),
      ).toEqual([]);
    });

    test('answers as its examples say, begun anew at each read of each of them', async () => {
      await expect(play(newMount({ restarts: true }))).resolves.toBeUndefined();
    });

    test('refuses input that lacks a field or has a wrong one, by the name of the field, and then keeps nothing', async () => {
      const mount = newMount();
      await play(mount, under.examples, async (example) => {
        for (const { field, input } of wrongInputs(operationOf(mount, outline, example).operation, example.input ?? {})) {
          const before = [...mount.entries];
          const refusal = await refusalOf(() => mount.call(example.verb, example.path, input));
          expect({ ...example, input, refusal }).toMatchObject({
            refusal: expect.stringMatching(new RegExp(`^invalid: .*field ${field}\\b`)),
          });
          expect([...mount.entries]).toEqual(before);
        }
      });
    });

    test('ignores fields that it does not declare', async () => {
      const mount = newMount();
      const takesAll = (example: EngineExample): boolean =>
        Object.values(operationOf(mount, outline, example).operation.input).some(({ json }) => json['format'] === 'body');
      const undeclared = under.examples.map((example) =>
        takesAll(example) ? example : { ...example, input: { ...example.input, 'x-undeclared': [{}] } },
      );
      await expect(play(newMount(), undeclared)).resolves.toBeUndefined();
    });

    const testIf = (has: boolean): typeof test | (() => void) => (has ? test : () => {});

    testIf(Object.keys(outline.leases).length > 0)('ends and renews each kind of lease that its examples ask for', async () => {
      const mount = newMount();
      await play(mount);
      expect([...new Set(mount.leases.map(({ kind }) => kind))].sort()).toEqual(Object.keys(outline.leases).sort());
      for (const lease of mount.leases) if (lease.renewable) await mount.renewLease(lease, 60);
      await endLeases(mount);
      expect(await under.outside?.()).toEqual(under.outside && []);
    });

    testIf(operationsOf(outline).some(({ operation }) => operation.outside))(
      'leaves nothing outside when any of its requests is not sent, or its answer is lost',
      async () => {
        for (const lost of ['request', 'answer'] as const) {
          for (let at = 1, sent = at; sent >= at; at++) {
            const mount = newMount();
            sent = await playLosing(mount, at, lost);
            await endLeases(mount);
            expect({ lost, at, left: await under.outside?.() }).toEqual({ lost, at, left: under.outside && [] });
          }
        }
      },
    );

    testIf(Object.keys(outline.jobs).length > 0)('has jobs that end, with nothing to do and with what its examples left', async () => {
      for (const mount of [newMount(), await played()]) for (const job of Object.keys(outline.jobs)) await mount.runJob(job);
    });

    testIf(outline.migrations.length > 0)('migrates an empty mount and an old one, and does no harm the second time', async () => {
      const old = { ...plugin, version: '0.0.0', migrations: {} };
      const migrated = async (entries: Iterable<readonly [string, Uint8Array]>): Promise<ReadonlyMap<string, Uint8Array>> => {
        const mount = new TestMount(old, under.mount?.());
        for (const [key, value] of entries) mount.put(key, value);
        await mount.upgrade(plugin);
        return mount.entries;
      };
      for (const entries of [{}, under.before ?? {}]) {
        const once = await migrated(Object.entries(entries).map(([key, text]) => [key, Buffer.from(text)] as const));
        expect(texts(await migrated(once))).toEqual(texts(once));
      }
    });

    async function played(): Promise<TestMount> {
      const mount = newMount();
      await play(mount);
      return mount;
    }

    /** Sends the examples while one request outside is lost. @returns how many the examples sent */
    async function playLosing(mount: TestMount, at: number, lost: 'request' | 'answer'): Promise<number> {
      const whole = mount.fetch;
      let sent = 0;
      const losing: TestFetch = async (request) => {
        if (++sent !== at) return whole(request);
        if (lost === 'answer') await whole(request);
        throw new PluginError('upstream', `the ${lost} was lost`);
      };
      for (const example of under.examples) {
        mount.fetch = losing;
        // What the loss breaks is the call's own business; what it leaves behind is not.
        await mount.call(example.verb, example.path, example.input).catch(() => {});
        mount.fetch = whole;
      }
      return sent;
    }
  });
}

/** Lets the leases be over, and the last quarantine. */
async function endLeases(mount: TestMount): Promise<void> {
  const last = Math.max(mount.now, ...mount.leases.map(({ expiresAt }) => expiresAt));
  await mount.advance((last - mount.now) / 1000 + 300);
  expect(mount.leases).toEqual([]);
}

async function send(mount: TestMount, { verb, path, input = {}, data, refused, fails = false }: EngineExample): Promise<void> {
  if (fails) {
    const error = await mount.call(verb, path, input).catch((reason: unknown) => reason);
    expect({
      verb,
      path,
      input,
      fault: error instanceof Error && !(error instanceof PluginError || error instanceof RestartError),
    }).toMatchObject({
      fault: true,
    });
    return;
  }
  if (refused !== undefined) {
    expect({ verb, path, input, refusal: await refusalOf(() => mount.call(verb, path, input)) }).toMatchObject({
      refusal: expect.stringMatching(new RegExp(`^${refused}: `)),
    });
    return;
  }
  const answered = await mount.data(verb, path, input);
  if (data !== undefined) expect({ verb, path, input, data: answered }).toEqual({ verb, path, input, data });
}

async function refusalOf(act: () => Promise<unknown>): Promise<string> {
  try {
    await act();
  } catch (error) {
    if (error instanceof PluginError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'none';
}

/** The operation that a server would run for an example. */
function operationOf(mount: TestMount, outline: EngineOutline, { verb, path }: EngineExample): Operation {
  const listing = verb === 'list' || verb === 'scan';
  const route = new RouteTable(outline.routes).match(listing ? path.replace(/\/$/, '') : path, listing)?.route;
  const decided = verb === 'update' && !mount.exists(path) && route?.verbs.create !== undefined ? 'create' : verb;
  const operation = route?.verbs[decided];
  if (route === undefined || operation === undefined) throw new Error(`the example ${verb} ${path} leads to no operation`);
  return { route, verb: decided, operation };
}

function keyOf({ verb, route }: Operation): string {
  return `${verb} ${route.template}`;
}

/** Placeholders of a template that stand for nothing. */
function placesOf(template: string, names: readonly string[]): readonly string[] {
  return [...template.matchAll(/\{([^}]*)\}/g)].flatMap(([place, name = '']) => (names.includes(name) ? [] : [place]));
}

function texts(entries: ReadonlyMap<string, Uint8Array>): Readonly<Record<string, string>> {
  return Object.fromEntries([...entries].map(([key, value]) => [key, Buffer.from(value).toString('latin1')]));
}
