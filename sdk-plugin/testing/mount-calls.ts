/** Carries out the calls of one mount: in a transaction, restarted, or outside of one, with nothing but `fetch`. */
import type { Caller, MountInfo, Verb } from '../engine.ts';
import { PluginError } from '../errors.ts';
import { replyFault } from '../hosting/reply-fault.ts';
import { followedKey, followLimits } from '../hosting/follow.ts';
import { fillTemplate } from '../hosting/route-table.ts';
import { isStorageKey } from '../hosting/storage-key.ts';
import type { OutsideRequest, OutsideResponse } from '../outside.ts';
import type { Phase, PrefetchedEntry, Question, ReplyMessage, RotationChange } from '../serving/messages.ts';
import type { OperationOutline } from '../serving/outline.ts';
import { type Answers, CallCrypto, MemoryCrypto } from './memory-crypto.ts';
import { MemoryPasswords } from './memory-passwords.ts';
import { type MemorySnapshot, MemoryStore } from './memory-store.ts';
import { type RunOnce, runRestarted, runToEnd } from './restarts.ts';
import { seededRandom } from './seeded-random.ts';
import { type Answer, type AnswerTo, type Call, type Ended, type Plugin, TestRoom } from './test-room.ts';

/** Answers the requests of `execute`, `revoke` and `renew`. What it throws is no answer: the plugin sees `upstream`. */
export type TestFetch = (request: OutsideRequest) => Promise<OutsideResponse> | OutsideResponse;

/** What a mount has that a call may know. */
export interface MountFacts {
  readonly info: MountInfo;
  readonly caller: Caller;
  /** Give every call up at each of its reads, and compare. */
  readonly restarts: boolean;
}

/** A call: what it runs, and with what. */
export interface Asked {
  /** For errors. */
  readonly what: string;
  readonly phase: Phase;
  readonly name?: string;
  readonly carried?: string;
  readonly seconds?: number;
  readonly template?: string;
  readonly verb?: Verb;
  readonly params?: Readonly<Record<string, string>>;
  readonly input?: Readonly<Record<string, unknown>>;
  /** What travels with the call. */
  readonly along?: Pick<OperationOutline, 'reads' | 'follows'>;
}

/** What a call in a transaction gave, and what it asked for besides what travelled with it. */
export interface Transacted {
  readonly reply: ReplyMessage;
  readonly asked: readonly string[];
}

/** Times that a transaction starts anew because of others, as the host has it. */
const conflictsMax = 8;

/** The calls of a mount. */
export class MountCalls {
  readonly store: MemoryStore = new MemoryStore();
  readonly passwords: MemoryPasswords = new MemoryPasswords();
  /** The host's clock. */
  now = 1_700_000_000_000;
  fetch: TestFetch = (request) => {
    throw new PluginError('upstream', `the mount's config does not allow ${new URL(request.url).origin} (field hosts)`);
  };
  room: TestRoom;
  /** Takes what a call wants rotated, once its writes are kept. */
  rotated: (changes: readonly RotationChange[]) => void = () => {};
  readonly #crypto = new MemoryCrypto();
  readonly #facts: MountFacts;
  #calls = 0;

  constructor(plugin: Plugin, facts: MountFacts) {
    this.room = new TestRoom(plugin);
    this.#facts = facts;
  }

  /**
   * Runs a call in a transaction, which is kept when it answers.
   * @throws PluginError for its refusal; Error for its faults; RestartError when it can't be restarted
   */
  async transact(asked: Asked): Promise<Transacted> {
    const passwords = this.passwords.forCall();
    const crypto = new CallCrypto(this.#crypto);
    const seed = String(++this.#calls);
    for (let conflicts = 0; conflicts <= conflictsMax; conflicts++) {
      const snapshot = this.store.snapshot();
      const call = this.#callOf(asked, snapshot);
      const run: RunOnce = (answerTo) => this.room.run(call, seededRandom(seed), answerTo);
      const answers = (): AnswerTo => {
        const keys = crypto.forRun();
        return (ask) => answerFrom(snapshot, passwords, keys, ask);
      };
      const { ended, reads } = this.#facts.restarts ? await runRestarted(asked.what, run, answers) : await runToEnd(run, answers);
      const writes = writesOf(ended);
      if (!this.store.commit(snapshot, writes)) continue;
      if (ended.kind === 'reply') this.rotated(ended.rotations ?? []);
      return { reply: replyOf(ended), asked: reads.map((read) => (read.kind === 'get' ? read.key : read.directory)) };
    }
    throw new Error(`${asked.what}: too many concurrent changes to the same data`);
  }

  /** Runs a call that reaches outside, once. @throws as `transact` */
  async outside(asked: Asked): Promise<ReplyMessage> {
    const call = this.#callOf(asked, undefined);
    return replyOf(
      await this.room.run(call, seededRandom(String(++this.#calls)), async (ask) => {
        if (ask.kind === 'crypto') return this.#crypto.answer(ask);
        if (ask.kind !== 'fetch') throw new Error('the engine asked for storage where it has none');
        try {
          return { response: await this.fetch(ask.request) };
        } catch (error) {
          return { refused: error instanceof PluginError ? error.message : 'the request failed' };
        }
      }),
    );
  }

  #callOf(asked: Asked, snapshot: MemorySnapshot | undefined): Call {
    const { phase, name, carried, seconds, template = '', verb = 'update', params = {}, input = {}, along } = asked;
    return {
      phase,
      ...(name === undefined ? {} : { name }),
      ...(carried === undefined ? {} : { carried }),
      ...(seconds === undefined ? {} : { seconds }),
      mountId: 'test',
      mount: JSON.stringify(this.#facts.info),
      template,
      verb,
      params,
      input,
      now: this.now,
      caller: JSON.stringify(this.#facts.caller),
      entries: snapshot === undefined || along === undefined ? [] : entriesAlong(snapshot, along, params),
    };
  }
}

function entriesAlong(
  snapshot: MemorySnapshot,
  { reads, follows = [] }: NonNullable<Asked['along']>,
  params: Readonly<Record<string, string>>,
): readonly PrefetchedEntry[] {
  const read = reads.map((template) => snapshot.get(fillTemplate(template, params)));
  const followed = follows
    .map((follow) => followedKey(follow, params, read[reads.indexOf(follow.from)]?.value))
    .flatMap((key) => (key === undefined ? [] : [snapshot.get(key)]))
    .filter(({ value }) => (value?.length ?? 0) <= followLimits.valueBytesMax);
  return [...read, ...followed];
}

function answerFrom(
  snapshot: MemorySnapshot,
  passwords: ReturnType<MemoryPasswords['forCall']>,
  keys: Answers,
  ask: Question,
): Answer | Promise<Answer> {
  switch (ask.kind) {
    case 'get':
      checkKey(ask.key);
      return { entry: snapshot.get(ask.key) };
    case 'list':
      return { names: snapshot.list(ask.directory, ask.after, ask.limit) };
    case 'fetch':
      return { refused: 'only execute, revoke and renew may reach outside' };
    case 'crypto':
      return keys(ask);
    case 'hash-password':
    case 'verify-password':
    default:
      return passwords(ask);
  }
}

function checkKey(key: string): void {
  if (!isStorageKey(key)) throw new Error(`the engine used a malformed storage key: ${JSON.stringify(key)}`);
}

/** What is kept of a call. @throws Error for what can't be answered or stored: then nothing is */
function writesOf(ended: Ended): ReplyMessage['writes'] {
  if (ended.kind === 'failure') return [];
  const fault = replyFault(ended);
  if (fault !== undefined) throw new Error(fault);
  for (const { key } of ended.writes) checkKey(key);
  return ended.writes;
}

/** @throws what the plugin refused, or an Error with its own message and place */
function replyOf(ended: Ended): ReplyMessage {
  if (ended.kind === 'reply') return ended;
  if (ended.code !== 'internal') throw new PluginError(ended.code, ended.message);
  const report = ended.report ?? 'internal error';
  const fault = new Error(report.split('\n')[0]?.replace(/^\w*Error: /, '') ?? report);
  fault.stack = report;
  throw fault;
}
