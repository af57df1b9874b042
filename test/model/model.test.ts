/**
 * 64 clients use secrets (of both versions), cubbyholes, wrapped answers, policies, mounts and tokens while keys are rotated, the log is compacted, and the server is killed and started
 * again. Invariants: the history of each object is linearizable; every acknowledged operation has both its lines in the audit; nothing
 * is answered for a token after its revocation, or that of a token above it, has returned; no token is used more often than it may be.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { verifyAuditFiles } from '../../core/audit/verify.ts';
import { seededRandom } from '../../core/storage/log/simulated-disk.ts';
import type { Connection, RawAnswer, RawRequest } from '../harness/client.ts';
import { scale, seed } from '../harness/scale.ts';
import { TestServer } from '../harness/server.ts';
import { isLinearizable, type Operation } from './linearizable.ts';
import {
  type Attempt,
  firstState,
  mountAttempt,
  type ObjectState,
  policyAttempt,
  readSecret,
  removeSecret,
  writeSecret,
} from './objects.ts';
import { registerAttempt, wrappedAttempt, wrappedState, type WrappedValue } from './registers.ts';
import { ModelToken } from './tokens.ts';

const clients = 64;
const stepsEach = 40 * scale;
const crashes = scale === 1 ? 1 : 3;
const padding = '.'.repeat(4000);
const choose = seededRandom(seed);

let server: TestServer;
let moment = 0;
let names = 0;
let done = 0;
/** Resolves when the server is up; replaced by each crash. */
let up: Promise<void> = Promise.resolve();
const histories = new Map<string, Operation<ObjectState>[]>();
const tokens: ModelToken[] = [];
const wrapped: WrappedValue[] = [];
const initial = new Map<string, ObjectState>();
const acknowledged: { readonly request: RawRequest; readonly answer: RawAnswer }[] = [];
const surprises: string[] = [];

class Client {
  #connection: Connection | undefined;
  readonly #versions = new Map<string, number>();

  /** Sends; undefined when the server was gone before it answered. */
  async #send(request: RawRequest): Promise<RawAnswer | undefined> {
    await up;
    if (this.#connection === undefined || this.#connection.answers.closed) this.#connection = server.connect();
    const answer = await this.#connection.send({ token: server.rootToken, ...request }).catch(() => undefined);
    done++;
    if (answer !== undefined) acknowledged.push({ request, answer });
    if (answer !== undefined && answer.status >= 500 && answer.status !== 503)
      surprises.push(`${request.method} ${request.path}: ${answer.text}`);
    return answer;
  }

  async #attempt({ object, request, explain, learn }: Attempt): Promise<void> {
    await up;
    const invoked = ++moment;
    const answer = await this.#send(request);
    const returned = ++moment;
    const version = answer?.json?.data?.metadata?.version ?? answer?.json?.data?.version;
    if (typeof version === 'number') learn?.(version);
    const history = histories.get(object) ?? [];
    histories.set(object, history);
    history.push({ invoked, returned, optional: answer === undefined, apply: (state) => explain(state, answer) });
  }

  async #secret(): Promise<void> {
    const path = `secret/data/model-${choose(32)}`;
    const learn = (version: number): void => void this.#versions.set(path, version);
    const value = `${++names}${padding}`;
    const what = choose(20);
    if (what < 8) await this.#attempt(readSecret(path, path, learn));
    else if (what < 13) await this.#attempt(writeSecret(path, path, value));
    else if (what < 19) await this.#attempt(writeSecret(path, path, value, this.#versions.get(path) ?? 0));
    else await this.#attempt(removeSecret(path, path));
  }

  async #mount(): Promise<void> {
    const number = choose(4);
    const object = `sys/mounts/model-${number}`;
    const path = `model-${number}/data/x`;
    const what = choose(8);
    if (what < 2) await this.#attempt(mountAttempt(object, 'enable'));
    else if (what < 3) await this.#attempt(mountAttempt(object, 'disable'));
    else if (what < 5) await this.#attempt(writeSecret(object, path, String(++names)));
    else await this.#attempt(readSecret(object, path));
  }

  async #register(): Promise<void> {
    const object = choose(2) === 0 ? `old/model-${choose(6)}` : `cubbyhole/model-${choose(6)}`;
    const verb = (['write', 'write', 'read', 'read', 'read', 'remove'] as const)[choose(6)] ?? 'read';
    await this.#attempt(registerAttempt(object, verb, String(++names)));
  }

  /** Of the newest ones, so that several clients want the same. */
  async #wrapped(): Promise<void> {
    const one = wrapped[wrapped.length - 1 - choose(Math.min(3, wrapped.length))];
    if (one !== undefined && choose(4) !== 0) return this.#attempt(wrappedAttempt(one, choose(5) === 0 ? 'lookup' : 'unwrap'));
    const value = String(++names);
    const headers = { 'X-Vault-Wrap-TTL': '1h' };
    const answer = await this.#send({ method: 'POST', path: 'sys/wrapping/wrap', headers, body: { value } });
    if (answer?.status !== 200) return;
    const made = { token: answer.json.wrap_info.token as string, value };
    initial.set(`wrapped ${made.token}`, wrappedState(made));
    wrapped.push(made);
  }

  async #token(): Promise<void> {
    const what = choose(10);
    const token = tokens[choose(Math.max(1, tokens.length))];
    if (what < 2 || token === undefined) {
      const made = new ModelToken(`model-token-${++names}-of-the-model`, choose(2) === 0 ? 0 : 3);
      tokens.push(made);
      const body = { id: made.id, policies: ['default', 'model-parent'], ...(made.usesMax === 0 ? {} : { num_uses: made.usesMax }) };
      const answer = await this.#send({ method: 'POST', path: 'auth/token/create', body });
      if (answer?.status === 200) made.created = ++moment;
      return;
    }
    const stored = !token.batch && token.usesMax === 0;
    if (what === 2 && stored && token.created !== undefined && token.revocation === undefined) return this.#revoke(token);
    if (what < 5 && stored) return this.#child(token);
    await up;
    const invoked = ++moment;
    const answer = await this.#send({ method: 'GET', path: 'auth/token/lookup-self', token: token.id });
    token.used(invoked, ++moment, answer);
  }

  async #revoke(token: ModelToken): Promise<void> {
    const alone = choose(3) === 0;
    const revocation = { invoked: ++moment, returned: undefined as number | undefined, alone };
    token.revocation = revocation;
    const path = alone ? 'auth/token/revoke-orphan' : 'auth/token/revoke';
    const answer = await this.#send({ method: 'POST', path, body: { token: token.id } });
    if (answer?.status === 204) revocation.returned = ++moment;
    // It was not valid any more: nothing has been done.
    if (answer?.status === 400) token.revocation = undefined;
  }

  /** The parent makes it, which is a use of the parent. */
  async #child(parent: ModelToken): Promise<void> {
    await up;
    const invoked = ++moment;
    const batch = choose(3) === 0;
    const answer = await this.#send({ method: 'POST', path: 'auth/token/create', token: parent.id, body: batch ? { type: 'batch' } : {} });
    parent.used(invoked, ++moment, answer);
    if (answer?.status !== 200) return;
    const child = new ModelToken(answer.json.auth.client_token as string, 0, parent, batch);
    child.created = moment;
    tokens.push(child);
  }

  async run(): Promise<void> {
    for (let step = 0; step < stepsEach; step++) {
      const what = choose(27);
      if (what >= 24) await this.#wrapped();
      else if (what >= 20) await this.#register();
      else if (what < 11) await this.#secret();
      else if (what < 13) await this.#mount();
      else if (what < 15) {
        const object = `sys/policies/acl/model-${choose(4)}`;
        await this.#attempt(policyAttempt(object, (['write', 'read', 'remove'] as const)[choose(3)] ?? 'read', String(++names)));
      } else await this.#token();
    }
    this.#connection?.close();
  }
}

async function passed(count: number): Promise<void> {
  await vi.waitUntil(() => done >= count, { timeout: 600_000, interval: 5 });
}

describe(`64 clients (seed ${seed})`, () => {
  beforeAll(async () => {
    server = await TestServer.start({ config: { storage: { type: 'file', directory: 'data', compact_at: 1_048_576 } } });
    await server.send({ method: 'POST', path: 'sys/mounts/old', body: { type: 'kv' } });
    const policy = 'path "auth/token/create" { capabilities = ["update"] }';
    await server.send({ method: 'PUT', path: 'sys/policies/acl/model-parent', body: { policy } });
    const running = Array.from({ length: clients }, () => new Client().run());
    const total = clients * stepsEach;
    for (let crash = 0; crash < crashes; crash++) {
      await passed(((crash + 0.3) * total) / crashes);
      // The crash comes while keys are rotated and values re-wrapped.
      const rotated = await server.send({ method: 'PUT', path: 'sys/rotate' });
      if (rotated.status !== 204) surprises.push(`rotate: ${rotated.text}`);
      await passed(((crash + 0.4 + choose(20) / 100) * total) / crashes);
      const back = Promise.withResolvers<void>();
      up = back.promise;
      await server.kill();
      await server.restart();
      back.resolve();
    }
    await Promise.all(running);
  }, 3_600_000);

  afterAll(() => server.destroy());

  test('the history of every object is linearizable', () => {
    expect(surprises).toEqual([]);
    expect(histories.size).toBeGreaterThan(30);
    const wrong = [...histories].filter(([object, history]) => !isLinearizable(initial.get(object) ?? firstState(object), history));
    expect(wrong.map(([object]) => object)).toEqual([]);
  });

  test('wrapped answers were wanted by several at once, and each was had', () => {
    const wanted = [...histories].filter(([object, history]) => object.startsWith('wrapped ') && history.length > 1);
    expect(wanted.length).toBeGreaterThan(5);
    const had = acknowledged.filter(({ request, answer }) => request.path === 'sys/wrapping/unwrap' && answer.status === 200);
    expect(had.length).toBeGreaterThan(5);
    expect(new Set(had.map(({ answer }) => answer.json.data.value as string)).size).toBe(had.length);
  });

  test('most operations succeed', () => {
    expect(acknowledged.filter(({ answer }) => answer.status < 300).length).toBeGreaterThan(acknowledged.length / 3);
    expect(acknowledged.filter(({ answer }) => answer.status === 503).length).toBeLessThan(acknowledged.length / 20);
  });

  test('no token is answered after its revocation or that of a token above it, or more often than it may be', () => {
    expect(tokens.filter(({ uses }) => uses.some(({ status }) => status === 200)).length).toBeGreaterThan(5);
    expect(tokens.filter(({ revocation }) => revocation?.returned !== undefined).length).toBeGreaterThan(0);
    const cut = tokens.filter(({ parent, uses }) => {
      const revokedAt = parent?.revocation?.returned;
      return revokedAt !== undefined && uses.some(({ invoked }) => invoked > revokedAt);
    });
    expect(cut.length).toBeGreaterThan(0);
    expect(tokens.filter(({ batch, uses }) => batch && uses.some(({ status }) => status === 200)).length).toBeGreaterThan(0);
    expect(tokens.flatMap((token) => token.faults())).toEqual([]);
  });

  test('every acknowledged operation has both its lines in the audit, and the audit verifies', async () => {
    const lines = new Map<string, number>();
    const count = (name: string): void => void lines.set(name, (lines.get(name) ?? 0) + 1);
    // A crash may have torn a line.
    for (const { type, request } of server.auditLines({ torn: true })) {
      if (request === undefined) continue;
      count(`${type} ${request.id}`);
      count(`${type} ${request.path}`);
    }
    const wanted = new Map<string, number>();
    for (const { request, answer } of acknowledged) {
      wanted.set(request.path, (wanted.get(request.path) ?? 0) + 1);
      const id = answer.json?.request_id as string | undefined;
      // A wrapped answer names no request, and what comes out of it is an answer to another one; their paths are counted below.
      if (id !== undefined && !request.path.startsWith('sys/wrapping/'))
        expect([lines.get(`request ${id}`), lines.get(`response ${id}`)]).toEqual([1, 1]);
    }
    for (const [path, number] of wanted) {
      expect([path, (lines.get(`request ${path}`) ?? 0) - number, (lines.get(`response ${path}`) ?? 0) - number]).toEqual([
        path,
        expect.toSatisfy((more) => more >= 0),
        expect.toSatisfy((more) => more >= 0),
      ]);
    }
    expect(await verifyAuditFiles([`${server.directory}/audit.log`])).toMatchObject({ ok: true });
  });
});
