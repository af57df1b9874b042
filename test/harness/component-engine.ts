/** An engine whose handlers run in a component, for suites that were written for the engine itself. */
import {
  type Context,
  type EngineDefinition,
  type Json,
  type MountInfo,
  type Operation,
  OpaqueJson,
  PluginError,
  type Reply,
  type Route,
  type Verb,
} from '@strongroom/sdk-plugin';
import { clockOf } from '@strongroom/sdk-plugin/testing';
import type { FromWorker, PrefetchedEntry, ReplyMessage } from '@strongroom/sdk-plugin/serving';
import { ComponentSource } from '../../core/runner/component/prepare.ts';
import { type Link } from '../../core/runner/component/instance.ts';
import { Instances } from '../../core/runner/component/instances.ts';
import { fillTemplate } from '@strongroom/sdk-plugin/hosting';

type End = Extract<FromWorker, { kind: 'reply' | 'failure' }>;

/** Gives the same engine, in a component. @param bytes built from the engine's source */
export async function inComponent(engine: EngineDefinition, bytes: Uint8Array): Promise<EngineDefinition> {
  const prepared = await new ComponentSource(engine.name, () => bytes, 64).prepare();
  const { instantiate } = (await import(`data:text/javascript,${encodeURIComponent(prepared.glue)}`)) as { readonly instantiate: Link };
  let sent: FromWorker[] = [];
  const instances = new Instances(instantiate, prepared, (message) => void sent.push(message));
  const ids = new Map<MountInfo, string>();
  /** What a key held when it was last asked for: its revision moves when that changes, as in a store. */
  const seen = new Map<string, PrefetchedEntry>();
  let calls = 0;
  let revisions = 0;

  async function entry(mountId: string, ctx: Context, key: string): Promise<PrefetchedEntry> {
    const value = await ctx.storage.get(key);
    const name = `${mountId}/${key}`;
    const last = seen.get(name);
    const same = last !== undefined && Buffer.compare(last.value ?? Buffer.of(), value ?? Buffer.of()) === 0 && !last.value === !value;
    const found = same ? last : { key, revision: ++revisions, value };
    seen.set(name, found);
    return found;
  }

  async function call(
    template: string,
    verb: Verb,
    ctx: Context,
    params: Record<string, string>,
    input: Record<string, unknown>,
  ): Promise<ReplyMessage> {
    const mountId = ids.get(ctx.mount) ?? `mount-${ids.size}`;
    ids.set(ctx.mount, mountId);
    const number = ++calls;
    const operation = engine.routes[template]?.[verb] as Operation<unknown, Record<string, never>> | undefined;
    const entries: PrefetchedEntry[] = [];
    for (const read of operation?.reads ?? []) entries.push(await entry(mountId, ctx, fillTemplate(read, params)));
    const texts = Object.entries(input).map(([name, value]) => [name, value instanceof OpaqueJson ? value.text : value]);
    // Whether the handler asks for it is what its reply says.
    const now = clockOf(ctx);
    const caller = JSON.stringify({ displayName: 'test', entityId: '', policies: [] });
    let waiting = [
      {
        kind: 'call',
        call: number,
        phase: 'handle',
        mountId,
        mount: JSON.stringify(ctx.mount),
        template,
        verb,
        params,
        input: Object.fromEntries(texts),
        now,
        caller,
        entries,
      } as const,
    ] as Parameters<Instances['receive']>[0][];
    for (;;) {
      const [message, ...rest] = waiting;
      if (message === undefined) throw new Error('a call that neither ends nor asks');
      waiting = rest;
      sent = [];
      instances.receive(message);
      for (const one of sent) {
        if (one.kind === 'reply' || one.kind === 'failure') return ended(one);
        if (one.kind !== 'question') continue;
        const { question, ask } = one;
        const answer = { kind: 'answer', call: number, question } as const;
        if (ask.kind === 'get') waiting.push({ ...answer, entry: await entry(mountId, ctx, ask.key) });
        else if (ask.kind === 'list') waiting.push({ ...answer, names: await ctx.storage.list(ask.directory, ask.after, ask.limit) });
        else waiting.push({ ...answer, refused: 'a test reaches nowhere' });
      }
    }
  }

  const routes = Object.entries(engine.routes).map(([template, route]): [string, Route] => {
    const operations = Object.entries(route).map(([verb, operation]): [string, unknown] => {
      if (typeof operation !== 'object') return [verb, operation];
      const handler = async (ctx: Context, params: Record<string, string>, input: Record<string, unknown>): Promise<Reply | undefined> => {
        const { uncacheable, reply, writes } = await call(template, verb as Verb, ctx, params, input);
        if (uncacheable) ctx.now();
        for (const { key, value } of writes) {
          if (value === undefined) ctx.storage.delete(key);
          else ctx.storage.put(key, value);
        }
        if (reply === undefined) return undefined;
        const { data, ...plain } = reply;
        return { ...plain, ...(data === undefined ? {} : { data: readable(data) }) };
      };
      return [verb, { ...(operation as object), handler }];
    });
    return [template, Object.fromEntries(operations) as unknown as Route];
  });
  return { ...engine, routes: Object.fromEntries(routes) };
}

/** The text as it is, with the fields that a test may look into. */
function readable(text: string): Json {
  const opaque = Object.defineProperty(new OpaqueJson(text), 'text', { enumerable: false });
  const value = JSON.parse(text) as unknown;
  return typeof value === 'object' ? Object.assign(opaque, value) : opaque;
}

function ended(end: End): ReplyMessage {
  if (end.kind === 'reply') return end;
  if (end.code === 'internal') throw new Error(end.report ?? 'internal');
  throw new PluginError(end.code, end.message);
}
