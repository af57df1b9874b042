/**
 * Runs a call as a host that has other requests too: given up at each of its reads, and begun anew. Whatever it does outside of storage and its
 * answer shows then.
 */
import type { Question } from '../serving/messages.ts';
import type { AnswerTo, Ended } from './test-room.ts';

/** Runs the call once, from its start. */
export type RunOnce = (answerTo: AnswerTo) => Promise<Ended>;

/** A call that gives another result when it is begun anew: not the plugin's refusal, but a fault of it. */
export class RestartError extends Error {
  override readonly name = 'RestartError';
}

const givenUp = Symbol('given up');

type Read = Extract<Question, { kind: 'get' | 'list' }>;

/** What a call asked of storage while it ran to its end. */
export interface Finished {
  readonly ended: Ended;
  readonly reads: readonly Read[];
}

/** Runs a call to its end. @param answers makes what answers one run */
export async function runToEnd(run: RunOnce, answers: () => AnswerTo): Promise<Finished> {
  const reads: Read[] = [];
  const answerTo = answers();
  const ended = await run((ask) => {
    if (isRead(ask)) reads.push(ask);
    return answerTo(ask);
  });
  return { ended, reads };
}

/**
 * Runs a call to its end, and again after it was given up at each of its reads and at its end.
 * @param what names the call in an error
 * @throws RestartError saying where it was restarted, and what was different
 */
export async function runRestarted(what: string, run: RunOnce, answers: () => AnswerTo): Promise<Finished> {
  const first = await runToEnd(run, answers);
  const places = [...first.reads.map((read, index) => ({ read, at: index + 1 })), { read: undefined, at: Number.POSITIVE_INFINITY }];
  for (const { read, at } of places) {
    if (read !== undefined) await giveUpAt(run, at, answers);
    const { ended } = await runToEnd(run, answers);
    const difference = differenceOf(first.ended, ended);
    if (difference === undefined) continue;
    const where = read === undefined ? 'at its end' : `at its read ${at} of ${first.reads.length} (${read.kind} ${nameOf(read)})`;
    throw new RestartError(
      `${what}: restarted ${where}, it gives another result: ${difference}. A call may run more than once: it may have no effect but its writes ` +
        'and its answer, and know nothing but what it reads (no variable outside of it, no clock or randomness but those of ctx).',
    );
  }
  return first;
}

async function giveUpAt(run: RunOnce, at: number, answers: () => AnswerTo): Promise<void> {
  const answerTo = answers();
  let reads = 0;
  try {
    await run((ask) => {
      if (isRead(ask) && ++reads === at) throw givenUp;
      return answerTo(ask);
    });
  } catch (error) {
    if (error !== givenUp) throw error;
  }
}

function isRead(ask: Question): ask is Read {
  return ask.kind === 'get' || ask.kind === 'list';
}

function nameOf(read: Read): string {
  return read.kind === 'get' ? read.key : read.directory;
}

/** Says what differs between two ends of one call; undefined: nothing that counts. */
function differenceOf(before: Ended, after: Ended): string | undefined {
  if (before.kind !== after.kind) return `it ${endOf(before)}, then it ${endOf(after)}`;
  const [first, then] = [factsOf(before), factsOf(after)];
  for (const name of new Set([...Object.keys(first), ...Object.keys(then)])) {
    if (first[name] !== then[name]) return `${name} was ${first[name] ?? 'absent'}, then ${then[name] ?? 'absent'}`;
  }
  return undefined;
}

function endOf(ended: Ended): string {
  if (ended.kind === 'reply') return 'answered';
  return ended.code === 'internal' ? `failed (${ended.report?.split('\n')[0] ?? ''})` : `refused (${ended.code}: ${ended.message})`;
}

/** What a call amounts to, as text by name. */
function factsOf(ended: Ended): Readonly<Record<string, string | undefined>> {
  if (ended.kind === 'failure') return { 'what it threw': endOf(ended) };
  const { reply: { data, raw, ...reply } = {}, carried, lease, more, writes, uncacheable } = ended;
  return {
    ...(data === undefined ? {} : { data }),
    ...(raw === undefined ? {} : { raw: shown(raw) }),
    ...Object.fromEntries(Object.entries(reply).map(([name, value]) => [name, JSON.stringify(value)])),
    ...(carried === undefined ? {} : { 'what it hands on': carried }),
    ...(lease === undefined ? {} : { lease: JSON.stringify(lease) }),
    ...(more === undefined ? {} : { more: String(more) }),
    ...Object.fromEntries(writes.map(({ key, value }) => [`its write to ${key}`, value === undefined ? 'a deletion' : shown(value)])),
    'whether it may be cached': String(!uncacheable),
  };
}

/** Bytes as text where they are text. */
function shown(value: Uint8Array): string {
  const text = Buffer.from(value).toString();
  return Buffer.from(text).equals(value) ? text : Buffer.from(value).toString('hex');
}
