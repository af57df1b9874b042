/**
 * The scripted run: lanes of requests, each on a connection of its own and on resources of its own, so that what a lane must find
 * after a crash is its state after some number of its operations, all lanes being under way at once.
 */
import type { RawRequest } from '../harness/client.ts';

/** What an answer looks like, over HTTP or in the process. */
export interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  readonly json: any;
}

/** Sends one request as root. */
export type Send = (method: string, path: string, body?: unknown) => Promise<Answer>;

/** One operation: the request, the status it must be answered with, and what a look at the lane's resources gives afterwards. */
export interface Step {
  readonly request: Pick<RawRequest, 'method' | 'path' | 'body'>;
  readonly status: number;
  readonly after: Readonly<Record<string, unknown>>;
}

/** A lane. */
export interface Lane {
  readonly name: string;
  readonly before: Readonly<Record<string, unknown>>;
  readonly steps: readonly Step[];
  /** Looks at every resource of the lane, in the form of `Step.after`. */
  readonly look: (send: Send) => Promise<Readonly<Record<string, unknown>>>;
}

/** Gathers the steps of a lane. */
export class LaneBuilder {
  #state: Readonly<Record<string, unknown>>;
  readonly before: Readonly<Record<string, unknown>>;
  readonly steps: Step[] = [];

  constructor(before: Readonly<Record<string, unknown>>) {
    this.before = before;
    this.#state = before;
  }

  /** Adds a step; `change` is what it does to the state. */
  step(method: string, path: string, body: unknown, status: number, change: Readonly<Record<string, unknown>> = {}): void {
    this.#state = { ...this.#state, ...change };
    this.steps.push({ request: { method, path, ...(body === undefined ? {} : { body }) }, status, after: this.#state });
  }
}

async function lookAtSecret(send: Send, path: string): Promise<unknown> {
  const { status, json } = await send('GET', path);
  if (status === 200) return { version: json.data.metadata.version, value: json.data.data.v };
  const version = json?.data?.metadata?.version as unknown;
  return version === undefined ? `status ${status}` : { version, deleted: status === 404 };
}

const none = 'status 404';

/** Writes, check-and-set, deletions; values long enough that the log is compacted meanwhile. */
function secretLane(name: string, rounds: number, valueBytes: number): Lane {
  const paths = [0, 1].map((index) => `secret/data/${name}-${index}`);
  const [first = '', second = ''] = paths;
  const lane = new LaneBuilder(Object.fromEntries(paths.map((path) => [path, none])));
  const value = (text: string): string => text.padEnd(valueBytes, '.');
  let version = 0;
  for (let round = 0; round < rounds; round++) {
    const write = (text: string, cas?: number): void => {
      version++;
      const v = value(`${name}-${round}-${text}`);
      const body = { data: { v }, ...(cas === undefined ? {} : { options: { cas } }) };
      lane.step('POST', first, body, 200, { [first]: { version, value: v } });
    };
    write('a');
    lane.step('POST', first, { data: { v: 'loser' }, options: { cas: version + 5 } }, 400);
    write('b', version);
    const once = value(`${name}-${round}-once`);
    lane.step('PUT', second, { data: { v: once } }, 200, { [second]: { version: 1, value: once } });
    lane.step('DELETE', first, undefined, 204, { [first]: { version, deleted: true } });
    lane.step('GET', second, undefined, 200);
    lane.step('DELETE', second.replace('/data/', '/metadata/'), undefined, 204, { [second]: none });
  }
  const look = async (send: Send): Promise<Readonly<Record<string, unknown>>> =>
    Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await lookAtSecret(send, path)] as const)));
  return { name, before: lane.before, steps: lane.steps, look };
}

/** Tokens with their children, made and revoked. */
function tokenLane(rounds: number): Lane {
  const tokens = Array.from({ length: rounds }, (_, index) => [`parent-${index}-of-the-crash`, `orphan-${index}-of-the-crash`] as const);
  const lane = new LaneBuilder(Object.fromEntries(tokens.flat().map((id) => [id, false])));
  for (const [parent, orphan] of tokens) {
    lane.step('POST', 'auth/token/create', { id: parent, policies: ['default'], ttl: '1h' }, 200, { [parent]: true });
    lane.step('POST', 'auth/token/create-orphan', { id: orphan, policies: ['default'], num_uses: 7 }, 200, { [orphan]: true });
    lane.step('POST', 'auth/token/lookup', { token: parent }, 200);
    lane.step('POST', 'auth/token/revoke', { token: parent }, 204, { [parent]: false });
    lane.step('POST', 'auth/token/lookup', { token: parent }, 403);
  }
  const look = async (send: Send): Promise<Readonly<Record<string, unknown>>> =>
    Object.fromEntries(
      await Promise.all(
        tokens.flat().map(async (id) => {
          const { status, json } = await send('POST', 'auth/token/lookup', { token: id });
          if (status !== 200) return [id, false] as const;
          // A token is whole: its accessor leads to it.
          const found = await send('POST', 'auth/token/lookup-accessor', { accessor: json.data.accessor });
          return [id, found.status === 200] as const;
        }),
      ),
    );
  return { name: 'tokens', before: lane.before, steps: lane.steps, look };
}

/** A mount of KV version 1 that is upgraded to version 2, moved and unmounted. */
function movingLane(rounds: number): Lane {
  const lane = new LaneBuilder({ 'moving-from': none, 'moving-to': none });
  for (let round = 0; round < rounds; round++) {
    const v = `moved-${round}`;
    lane.step('POST', 'sys/mounts/moving-from', { type: 'kv' }, 204);
    lane.step('POST', 'moving-from/x', { v }, 204, { 'moving-from': `version 1: ${v}` });
    lane.step('POST', 'sys/mounts/moving-from/tune', { options: { version: '2' } }, 204, { 'moving-from': `version 2: ${v}` });
    lane.step('GET', 'moving-from/data/x', undefined, 200);
    lane.step('POST', 'sys/remount', { from: 'moving-from', to: 'moving-to' }, 200, {
      'moving-from': none,
      'moving-to': `version 2: ${v}`,
    });
    lane.step('GET', 'moving-to/data/x', undefined, 200);
    lane.step('DELETE', 'sys/mounts/moving-to', undefined, 204, { 'moving-to': none });
  }
  const lookAt = async (send: Send, mount: string): Promise<string> => {
    const second = await send('GET', `${mount}/data/x`);
    if (second.status === 200) return `version 2: ${String(second.json.data.data.v)}`;
    const first = await send('GET', `${mount}/x`);
    return first.status === 200 ? `version 1: ${String(first.json.data.v)}` : `status ${first.status}`;
  };
  const look = async (send: Send): Promise<Readonly<Record<string, unknown>>> => ({
    'moving-from': await lookAt(send, 'moving-from'),
    'moving-to': await lookAt(send, 'moving-to'),
  });
  return { name: 'moving', before: lane.before, steps: lane.steps, look };
}

/** Policies, mounts, and a rotation of the keys. */
function systemLane(rounds: number): Lane {
  const rules = (text: string): string => `path "secret/data/${text}" { capabilities = ["read"] }`;
  const lane = new LaneBuilder({ policy: undefined, mounted: false, inside: 'status 404' });
  for (let round = 0; round < rounds; round++) {
    lane.step('PUT', 'sys/policies/acl/crash', { policy: rules(`first-${round}`) }, 204, { policy: rules(`first-${round}`) });
    lane.step('POST', 'sys/mounts/crash', { type: 'kv', options: { version: '2' } }, 204, { mounted: true });
    const v = `inside-${round}`;
    lane.step('POST', 'crash/data/x', { data: { v } }, 200, { inside: { version: 1, value: v } });
    lane.step('PUT', 'sys/policies/acl/crash', { policy: rules(`second-${round}`) }, 204, { policy: rules(`second-${round}`) });
    if (round === 0) lane.step('PUT', 'sys/rotate', undefined, 204);
    lane.step('GET', 'crash/data/x', undefined, 200);
    lane.step('DELETE', 'sys/mounts/crash', undefined, 204, { mounted: false, inside: 'status 404' });
    lane.step('DELETE', 'sys/policies/acl/crash', undefined, 204, { policy: undefined });
  }
  const look = async (send: Send): Promise<Readonly<Record<string, unknown>>> => {
    const policy = await send('GET', 'sys/policies/acl/crash');
    const mounts = await send('GET', 'sys/mounts');
    return {
      policy: policy.json?.data?.policy as unknown,
      mounted: mounts.json?.data?.['crash/'] !== undefined,
      inside: await lookAtSecret(send, 'crash/data/x'),
    };
  };
  return { name: 'system', before: lane.before, steps: lane.steps, look };
}

/** The lanes of a run. @param rounds how often each repeats its operations */
export function lanes(rounds: number): readonly Lane[] {
  return [secretLane('small', rounds, 1), secretLane('large', rounds, 150_000), tokenLane(rounds), systemLane(rounds), movingLane(rounds)];
}
