/** Random histories of one mount against a model that is too simple to be wrong. */
import assert from 'node:assert/strict';
import { OpaqueJson, PluginError, type Verb } from '@strongroom/sdk-plugin';
import { TestMount } from '@strongroom/sdk-plugin/testing';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import kv from './index.ts';
import { besideMax } from './table-record.ts';

const scale = Number(process.env['STRONGROOM_TEST_SCALE'] ?? 1);
const path = 'p/q';

/** All versions that ever were, by number, whether kept or not. */
interface ModelVersion {
  readonly value: string;
  deletion: number;
  destroyed: boolean;
}

class Model {
  versions: ModelVersion[] = [];
  exists = false;
  now: number;
  mountMax = 0;
  secretMax = 0;
  ttl = 0;
  pruned = 0;

  constructor(now: number) {
    this.now = now;
  }

  kept(number: number): ModelVersion | undefined {
    return number > this.pruned ? this.versions[number - 1] : undefined;
  }

  write(value: string, cas: number | undefined): string {
    if (cas !== undefined && cas !== this.versions.length) return 'invalid';
    this.exists = true;
    this.versions.push({ value, deletion: this.ttl > 0 ? this.now + this.ttl * 1000 : Infinity, destroyed: false });
    this.pruned = Math.max(this.pruned, this.versions.length - (this.secretMax || this.mountMax || 10));
    return 'ok';
  }

  delete(numbers: readonly number[]): void {
    for (const version of this.pick(numbers)) if (version.deletion > this.now) version.deletion = this.now;
  }

  undelete(numbers: readonly number[]): void {
    for (const version of this.pick(numbers)) version.deletion = Infinity;
  }

  destroy(numbers: readonly number[]): void {
    for (const version of this.pick(numbers)) version.destroyed = true;
  }

  read(number: number): string {
    const version = this.kept(number === 0 ? this.versions.length : number);
    if (!version) return 'missing';
    return version.destroyed || version.deletion <= this.now ? 'gone' : version.value;
  }

  /** Numbers and values that storage should hold. */
  stored(): [number, string][] {
    return this.versions.flatMap(({ value, destroyed }, index) => (index + 1 > this.pruned && !destroyed ? [[index + 1, value]] : []));
  }

  private pick(numbers: readonly number[]): ModelVersion[] {
    return numbers.flatMap((number) => this.kept(number) ?? []).filter((version) => !version.destroyed);
  }
}

type Command = (model: Model, mount: TestMount) => Promise<void>;

async function outcome(mount: TestMount, verb: Verb, where: string, input: Record<string, unknown>): Promise<string> {
  try {
    await mount.call(verb, where, input);
    return 'ok';
  } catch (error) {
    if (error instanceof PluginError) return error.code;
    throw error;
  }
}

const number = fc.nat(14);
const numbers = fc.array(number, { minLength: 1, maxLength: 4 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.nat(999), fc.option(fc.integer({ min: -1, max: 1 }), { nil: undefined, freq: 2 }), fc.boolean())
      .map(([n, off, large]): Command => async (model, mount) => {
        const cas = off === undefined ? undefined : Math.max(0, model.versions.length + off);
        const value = `{"n":${n}.0${large ? `,"pad":"é${'x'.repeat(besideMax)}"` : ''}}`;
        const input = { data: new OpaqueJson(value), options: { cas } };
        assert.equal(await outcome(mount, 'update', `data/${path}`, input), model.write(value, cas));
      }),
  },
  fc.constant<Command>(async (model, mount) => {
    const value = model.read(0);
    const patched = await outcome(mount, 'patch', `data/${path}`, { data: new OpaqueJson('{"p":1e2}') });
    assert.equal(patched, model.versions.length === 0 ? 'missing' : 'ok');
    if (value.startsWith('{')) model.write(value.includes('"p"') ? value : value.replace('}', ',"p":1e2}'), undefined);
  }),
  fc.constant<Command>(async (model, mount) => {
    await mount.call('delete', `data/${path}`);
    model.delete([model.versions.length]);
  }),
  fc.tuple(fc.constantFrom('delete', 'undelete', 'destroy'), numbers).map(([name, versions]): Command => async (model, mount) => {
    await mount.call('update', `${name}/${path}`, { versions });
    model[name](versions);
  }),
  fc.nat(6).map((max): Command => async (model, mount) => {
    await mount.call('update', 'config', { max_versions: max });
    model.mountMax = max;
  }),
  fc.nat(6).map((max): Command => async (model, mount) => {
    await mount.call('update', `metadata/${path}`, { max_versions: max });
    model.secretMax = max;
    model.exists = true;
  }),
  fc.constantFrom(0, 1, 3).map((ttl): Command => async (model, mount) => {
    await mount.call('update', 'config', { delete_version_after: ttl });
    model.ttl = ttl;
  }),
  fc.constantFrom(1, 999, 1000, 5000).map((ms): Command => async (model, mount) => {
    await Promise.resolve();
    model.now += ms;
    mount.now += ms;
  }),
  fc.constant<Command>(async (model, mount) => {
    await mount.call('delete', `metadata/${path}`);
    Object.assign(model, { versions: [], pruned: 0, secretMax: 0, exists: false });
  }),
);

async function readAs(mount: TestMount, version: number): Promise<string> {
  const reply = await mount.call('read', `data/${path}`, { version });
  if (!reply) return 'missing';
  if (reply.status === 404) return 'gone';
  return /"data":(\{[^}]*\})/.exec(reply.text ?? '')?.[1] ?? 'none';
}

/** Numbers and values that storage holds: the newest may lie beside the table. */
function storedValues(mount: TestMount): [number, string][] {
  const stored: [number, string][] = [];
  for (const [key, bytes] of mount.entries) {
    const text = Buffer.from(bytes).toString();
    const [table = '', beside] = text.split('\n');
    if (key.startsWith('version/')) stored.push([Number(key.split('/').at(-1)), text]);
    else if (key.startsWith('meta/') && beside !== undefined) stored.push([(JSON.parse(table) as number[])[3] ?? 0, beside]);
  }
  return stored.sort(([a], [b]) => a - b);
}

test('every version reads as the model says after every step, and storage holds no value more', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40 }), async (commands) => {
      const mount = new TestMount(kv);
      const model = new Model(mount.now);
      for (const run of commands) {
        await run(model, mount);
        for (let version = 0; version <= model.versions.length + 1; version += 1) {
          expect(await readAs(mount, version)).toBe(model.read(version));
        }
        expect(storedValues(mount)).toEqual(model.stored());
        expect(mount.entries.has(`meta/${path}`)).toBe(model.exists);
      }
    }),
    { numRuns: 100 * scale },
  );
});
