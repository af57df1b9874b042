/**
 * Servers that are killed while their engine works at a service outside. Invariants, at any instant: in the end the service holds exactly the
 * keys of live leases; a key whose lease was answered is there and stays; no key was asked for twice.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { buildPlugin } from '@strongroom/sdk-plugin/build';
import type { CatalogEntry } from '../../core/runner/catalog.ts';
import { moduleUrl } from '../../core/runner/plugin-file.ts';
import { seededRandom } from '../../core/storage/log/simulated-disk.ts';
import { DiskImage, type Ending } from '../crash/disk-image.ts';
import { compileShim, shimEnvironment } from '../crash/shim.ts';
import { readTrace, type TraceEvent } from '../crash/trace.ts';
import type { Connection, RawAnswer } from '../harness/client.ts';
import { componentEntry, componentOf } from '../harness/components.ts';
import { ramDirectory } from '../harness/ram-directory.ts';
import { scale, seed } from '../harness/scale.ts';
import { TestServer } from '../harness/server.ts';
import { Aftermath } from './aftermath.ts';
import { KeyService, type Moment } from './key-service.ts';

const choose = seededRandom(seed);
const base = ramDirectory('strongroom-kill-');
const example = fileURLToPath(new URL('../../examples/api-keys/index.ts', import.meta.url));
const paths = ['keys/', 'gone/'];
const files = { thread: join(base, 'api-keys.mjs'), component: join(base, 'api-keys.wasm') } as const;
type Isolation = keyof typeof files;
/** The same plugin as the servers run, for those that are opened in this process. */
const entries = {} as Record<Isolation, CatalogEntry>;

let service: KeyService;

beforeAll(async () => {
  const bytes = await componentOf('examples/api-keys/index.ts');
  writeFileSync(files.component, bytes, { mode: 0o600 });
  await buildPlugin(example, files.thread);
  entries.component = componentEntry('api-keys', bytes);
  const module = moduleUrl(readFileSync(files.thread));
  entries.thread = { kind: 'engine', name: 'api-keys', version: '1.0.0', aliases: {}, isolation: 'thread', module };
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Starts a server whose config names the plugin's file, and writes what its mounts need. */
async function startServer(name: string, isolation: Isolation, env: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  const directory = join(base, name);
  mkdirSync(directory, { recursive: true });
  const path = files[isolation];
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  const server = await TestServer.start({
    directory,
    env,
    config: {
      plugins: [{ name: 'api-keys', path, version: '1.0.0', sha256, isolation }],
      mounts: paths.map((mount) => ({ path: mount, type: 'api-keys', hosts: [service.url] })),
    },
  });
  for (const mount of paths) {
    await server.send({ method: 'POST', path: `${mount}config`, body: { url: service.url, token: 'service-token' } });
    for (const [role, ttl] of [
      ['long', '10m'],
      ['short', '1s'],
    ])
      expect((await server.send({ method: 'POST', path: `${mount}roles/${role}`, body: { ttl } })).status).toBe(204);
  }
  return server;
}

function openAftermath(directory: string, isolation: Isolation): Promise<Aftermath> {
  return Aftermath.open(directory, entries[isolation], paths, [service.url]);
}

/** What the service holds, and what the leases say. */
async function holdings(aftermath: Aftermath): Promise<{ readonly atService: readonly string[]; readonly leased: readonly string[] }> {
  return { atService: [...service.keys.keys()].toSorted(), leased: (await aftermath.leases()).live };
}

function expectSame({ atService, leased }: Awaited<ReturnType<typeof holdings>>): void {
  expect(atService).toEqual(leased);
}

/** Lets every lease end. */
async function expectAllToEnd(aftermath: Aftermath): Promise<void> {
  await aftermath.later(3600);
  await aftermath.later(3600);
  expect([service.keys.size, (await aftermath.leases()).stored]).toEqual([0, 0]);
}

function expectAskedOnce(): void {
  const puts = service.asked.filter((line) => line.startsWith('PUT'));
  expect(puts.length).toBe(new Set(puts).size);
}

/** Undefined when the server was killed before it answered. */
function issue(connection: Connection, server: TestServer, role: string, mount = 'keys/'): Promise<RawAnswer | undefined> {
  return connection.send({ method: 'GET', path: `${mount}creds/${role}`, token: server.rootToken }).catch(() => undefined);
}

describe.each<Isolation>(['thread', 'component'])(`a server with the plugin as %s, killed (seed ${seed})`, (isolation) => {
  /** Names of keys with a long lease whose answer has come. */
  let answered: string[] = [];
  /** Of those whose revocation was answered. */
  let revoked: string[] = [];
  let server: TestServer;
  beforeEach(async () => {
    answered = [];
    revoked = [];
    service = await KeyService.start();
    server = await startServer(`killed-${isolation}`, isolation);
  });
  afterEach(async () => {
    await server.kill();
    await service.close();
    rmSync(server.directory, { recursive: true, force: true });
  });

  /** Issues keys on a connection, renews and revokes them, until it breaks. */
  async function keepIssuing(): Promise<void> {
    const connection = server.connect();
    const change = (what: 'renew' | 'revoke', lease_id: unknown): Promise<RawAnswer | undefined> =>
      connection.send({ method: 'PUT', path: `sys/leases/${what}`, body: { lease_id }, token: server.rootToken }).catch(() => undefined);
    for (let turn = 0; ; turn += 1) {
      const role = turn % 3 === 2 ? 'short' : 'long';
      const answer = await issue(connection, server, role);
      if (answer === undefined) break;
      expect(answer.status).toBe(200);
      const { lease_id, data } = answer.json as { readonly lease_id: string; readonly data: { readonly name: string } };
      if (role === 'short') continue;
      if (turn % 3 === 0) {
        answered.push(data.name);
        const renewed = await change('renew', lease_id);
        if (renewed === undefined) break;
        expect(renewed.status).toBe(200);
      } else {
        const done = await change('revoke', lease_id);
        if (done === undefined) break;
        expect(done.status).toBe(204);
        revoked.push(data.name);
      }
    }
    connection.close();
  }

  /** Kills it when requests of these kinds are held at the service, which then goes on with them at once or after the restart. */
  async function killAt(moments: readonly Moment[], goOn: 'at once' | 'after the restart'): Promise<void> {
    const release = Promise.withResolvers<void>();
    const held = new Set<Moment>();
    const killed: string[] = [];
    const short = await issue(server.connect(), server, 'short');
    expect(short?.status).toBe(200);
    service.gate = (moment, name) => {
      if (!moments.includes(moment)) return Promise.resolve();
      held.add(moment);
      killed.push(name);
      return release.promise;
    };
    const issuing = issue(server.connect(), server, 'long');
    await expect.poll(() => moments.filter((moment) => !held.has(moment)), { timeout: 30_000, interval: 10 }).toEqual([]);
    await server.kill();
    expect(await issuing).toBeUndefined();
    service.gate = () => Promise.resolve();
    if (goOn === 'at once') release.resolve();
    await server.restart();
    const removals = (name: string): number => service.asked.filter((line) => line === `DELETE ${name}`).length;
    const before = new Map(killed.map((name) => [name, removals(name)]));
    // What was under way when it was killed is ended by the next start without being asked.
    await expect.poll(() => killed.every((name) => removals(name) >= Math.max(1, before.get(name) ?? 0)), { timeout: 30_000 }).toBe(true);
    release.resolve();
  }

  test('at each step of the service, and anywhere, holds exactly the keys of live leases', async () => {
    await killAt(['PUT is done', 'DELETE is done'], 'at once');
    await killAt(['PUT has come', 'DELETE has come'], 'after the restart');
    for (let round = 0; round < scale; round += 1) {
      const load = Array.from({ length: 4 }, keepIssuing);
      const [asked, more] = [service.asked.length, 1 + choose(60)];
      await expect.poll(() => service.asked.length - asked >= more, { timeout: 30_000, interval: 1 }).toBe(true);
      await server.kill();
      await Promise.all(load);
      await server.restart();
    }
    const last = await issue(server.connect(), server, 'long');
    answered.push(last?.json.data.name as string);
    await server.kill();
    const aftermath = await openAftermath(server.directory, isolation);
    // Longer than short leases live, and than it takes until what was given up is ended for the second time.
    await aftermath.later(121);
    expectSame(await holdings(aftermath));
    const { live } = await aftermath.leases();
    expect(live).toEqual(expect.arrayContaining(answered));
    expect(live.filter((name) => revoked.includes(name))).toEqual([]);
    expectAskedOnce();
    await expectAllToEnd(aftermath);
    await aftermath.close();
  });
});

const library = compileShim();

describe.skipIf(library === undefined)(`a server that stops at any of its calls (seed ${seed})`, () => {
  let server: TestServer;
  let events: readonly TraceEvent[];
  let first = 0;

  /** Plays the same for every cut: keys with long and short leases, three requests at a time, and a mount that goes with its leases. */
  beforeAll(async () => {
    service = await KeyService.start();
    const trace = join(base, 'trace');
    mkdirSync(join(base, 'traced'));
    server = await startServer('traced', 'thread', shimEnvironment(library ?? '', { root: join(base, 'traced'), trace }));
    const begun = readTrace(trace).length;
    const lane = async (mount: string, roles: readonly string[]): Promise<void> => {
      const connection = server.connect();
      for (const role of roles) await issue(connection, server, role, mount);
      connection.close();
    };
    await Promise.all([
      lane('keys/', ['long', 'short', 'long']),
      lane('keys/', ['long', 'long']),
      lane('gone/', ['long', 'short', 'long']),
    ]);
    await server.send({ method: 'DELETE', path: 'sys/mounts/gone' });
    await vi.waitUntil(() => service.keys.size === 4, { timeout: 30_000 });
    await server.kill();
    events = readTrace(trace);
    first = begun;
  });
  afterAll(() => service.close());

  const request = /^(PUT|DELETE) \/keys\/(\w+) /;
  function isAsked(event: TraceEvent | undefined): boolean {
    return event?.kind === 'answer' && event.port === service.port && request.test(event.data.toString('latin1'));
  }

  /** What the server had sent to the service, and what it had answered, before a cut. */
  function before(cut: number): { readonly asked: readonly (readonly [string, string])[]; readonly answered: readonly string[] } {
    const asked: (readonly [string, string])[] = [];
    const answered: string[] = [];
    for (const event of events.slice(0, cut)) {
      if (event.kind !== 'answer') continue;
      const text = event.data.toString('latin1');
      const [, method = '', name = ''] = request.exec(text) ?? [];
      if (isAsked(event)) asked.push([method, name]);
      const issued = /"lease_id":"keys\/creds\/long\//.test(text) ? /"name":"(\w+)"/.exec(text)?.[1] : undefined;
      if (issued !== undefined) answered.push(issued);
    }
    return { asked, answered };
  }

  /** What is wrong after a cut. @param late the service carries the last request out when the next start has done its part */
  async function faultsAt(cut: number, ending: Ending, late: boolean): Promise<readonly string[]> {
    const directory = join(base, `cut-${cut}`);
    mkdirSync(directory);
    new DiskImage(events, cut).write(server.directory, directory, ending);
    const { asked, answered } = before(cut);
    const carryOut = ([method, name]: readonly [string, string]): void => {
      if (method === 'PUT') service.keys.set(name, { role: '' });
      else service.keys.delete(name);
    };
    const last = asked.at(-1);
    service.keys.clear();
    for (const one of late ? asked.slice(0, -1) : asked) carryOut(one);
    service.asked.length = 0;
    const faults: string[] = [];
    const aftermath = await openAftermath(directory, 'thread');
    const compare = async (when: string): Promise<void> => {
      const { atService, leased } = await holdings(aftermath);
      for (const name of atService) if (!leased.includes(name)) faults.push(`event ${cut}: ${when}: a key without a lease`);
      for (const name of leased) if (!atService.includes(name)) faults.push(`event ${cut}: ${when}: a lease without its key`);
      for (const name of answered) if (!leased.includes(name)) faults.push(`event ${cut}: ${when}: an answered lease is gone`);
    };
    if (!late) await compare('after the start');
    else if (last !== undefined) carryOut(last);
    await aftermath.later(121);
    await compare('later');
    for (const line of service.asked) if (line.startsWith('PUT')) faults.push(`event ${cut}: a key was asked for again`);
    await aftermath.later(3600);
    await aftermath.later(3600);
    if (service.keys.size > 0 || (await aftermath.leases()).stored > 0) faults.push(`event ${cut}: something is left in the end`);
    await aftermath.close();
    rmSync(directory, { recursive: true });
    return faults;
  }

  /** Some of them; all from scale 20 on. */
  function draw(from: readonly number[], count: number): readonly number[] {
    return scale >= 20 ? from : Array.from({ length: count * scale }, () => from[choose(from.length)] ?? first);
  }

  /** Right after each request was sent to the service: there can be no answer to it yet. */
  function sent(): readonly number[] {
    return events.flatMap((event, index) => (index >= first && isAsked(event) ? [index + 1] : []));
  }

  const powerCut = { kind: 'power-cut', keep: 'some', growing: 'ordered', choose } as const;
  test.each<[string, Ending]>([
    ['killed', { kind: 'kill' }],
    ['without power', powerCut],
  ])('%s, leaves nothing at the service without a lease, and no lease without its key', async (_, ending) => {
    const all = events.flatMap((event, index) => (index >= first && event.kind !== 'sync-end' ? [index] : []));
    for (const cut of draw(all, 6)) expect(await faultsAt(cut, ending, false)).toEqual([]);
  });

  test.each<[string, Ending]>([
    ['killed', { kind: 'kill' }],
    ['without power', powerCut],
  ])('%s, leaves nothing when the service carries its last request out late', async (_, ending) => {
    expect(sent().length).toBeGreaterThanOrEqual(12);
    for (const cut of ending.kind === 'kill' ? sent() : draw(sent(), 4)) expect(await faultsAt(cut, ending, true)).toEqual([]);
  });
});
