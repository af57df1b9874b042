/** Looks at a plugin's file as a server would: what it asks for, and whether it keeps to the contract. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Verb } from '@strongroom/sdk-plugin';
import type { EngineOutline } from '@strongroom/sdk-plugin/serving';
import { pino } from 'pino';
import { Piscina } from 'piscina';
import { StrongroomError } from '../errors.ts';
import { fillTemplate, RouteTable } from '@strongroom/sdk-plugin/hosting';
import { admitComponent, type ComponentFacts } from './component/admission.ts';
import { ComponentSource } from './component/prepare.ts';
import { memoryMiBDefault } from './catalog.ts';
import type { SinkFacts } from './sink-facts.ts';
import { moduleUrl } from './plugin-file.ts';
import { type Call, componentProgram, type RoomProgram, roomLimits, threadProgram, ThreadRoom } from './thread-room.ts';

/** A plugin's file. */
export interface InspectedPlugin {
  readonly isolation: 'component' | 'thread';
  readonly bytes: number;
  /** Hex, as the config wants it. */
  readonly sha256: string;
  /** Of an engine or auth method. */
  readonly outline: EngineOutline | undefined;
  readonly sink: SinkFacts | undefined;
  /** Of a component. */
  readonly facts: ComponentFacts | undefined;
}

/** One thing that was tried. */
export interface CheckResult {
  readonly what: string;
  /** undefined: as it should be. */
  readonly problem: string | undefined;
}

const limits = { ...roomLimits, deadlineMs: 5000 };

/** Reads a plugin and asks it what it declares. @throws StrongroomError, Refusal or Error saying why it can't be loaded */
export async function inspectPlugin(file: string): Promise<InspectedPlugin> {
  const bytes = readFileSync(file);
  const isolation = file.endsWith('.wasm') ? 'component' : 'thread';
  const facts = isolation === 'component' ? admitComponent(bytes) : undefined;
  const sink = file.endsWith('.mjs') ? await sinkFactsOf(bytes) : undefined;
  const outline = sink === undefined ? await withRoom(await programOf(file, bytes), (room) => room.outline()) : undefined;
  return { isolation, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex'), outline, sink, facts };
}

/** Runs every operation that needs no input on an empty mount. Each must end, by an answer or by a refusal of its own, in time. */
export async function checkPlugin(file: string): Promise<readonly CheckResult[]> {
  const bytes = readFileSync(file);
  const sink = file.endsWith('.mjs') ? await sinkFactsOf(bytes) : undefined;
  if (sink !== undefined) return [{ what: `loads as an audit sink with ${sink.options.length} options`, problem: undefined }];
  const program = await programOf(file, bytes);
  return withRoom(program, async (room) => {
    const outline = await room.outline();
    const results: CheckResult[] = [{ what: `loads and declares ${Object.keys(outline.routes).length} routes`, problem: undefined }];
    results.push(await tried('declares routes that do not contradict each other', async () => void new RouteTable(outline.routes)));
    for (const route of Object.values(outline.routes)) {
      for (const [verb, operation] of Object.entries(route.verbs)) {
        if (operation.outside || Object.values(operation.input).some(({ optional }) => !optional)) continue;
        results.push(await tried(`${verb} ${route.template}`, () => runOnce(room, route.template, verb as Verb, operation.reads)));
      }
    }
    return results;
  });
}

async function runOnce(room: ThreadRoom, template: string, verb: Verb, reads: readonly string[]): Promise<void> {
  const params = Object.fromEntries([...template.matchAll(/\{([^}+]+)\+?\}/g)].map(([, name = '']) => [name, 'x']));
  const call: Call = {
    phase: 'handle',
    mountId: 'check',
    mount: JSON.stringify({ path: 'check/', options: {} }),
    template,
    verb,
    params,
    input: {},
    now: 1_700_000_000_000,
    caller: JSON.stringify({ displayName: 'check', entityId: '', policies: [], headers: {} }),
    entries: reads.map((read) => ({ key: fillTemplate(read, params), revision: 0, value: undefined })),
  };
  const empty = { get: async (key: string) => ({ key, revision: 0, value: undefined }), list: async () => [] };
  try {
    await room.call(call, empty);
  } catch (error) {
    // A refusal in the plugin's own words is an answer.
    if (!(error instanceof StrongroomError) || ['internal', 'timeout', 'unavailable'].includes(error.code)) throw error;
  }
}

async function tried(what: string, act: () => Promise<void>): Promise<CheckResult> {
  try {
    await act();
    return { what, problem: undefined };
  } catch (error) {
    return {
      what,
      problem:
        error instanceof StrongroomError
          ? `${error.code} ${error.errors.join('; ')}`.trim()
          : error instanceof Error
            ? error.message
            : String(error),
    };
  }
}

/** What a module for threads is if it is an audit sink. Loading it fails for other reasons later, in its room, which names them. */
async function sinkFactsOf(bytes: Uint8Array): Promise<SinkFacts | undefined> {
  const pool = new Piscina({ filename: new URL('sink-facts.ts', import.meta.url).href, maxThreads: 1, env: {}, argv: [] });
  pool.on('error', () => {});
  try {
    return (await pool.run(moduleUrl(bytes), { signal: AbortSignal.timeout(limits.deadlineMs) })) as SinkFacts | undefined;
  } catch {
    return undefined;
  } finally {
    await pool.destroy();
  }
}

async function programOf(file: string, bytes: Uint8Array): Promise<RoomProgram> {
  if (file.endsWith('.mjs')) return threadProgram(file, moduleUrl(bytes), true);
  if (!file.endsWith('.wasm'))
    throw new Error(`${file}: expected a file that ends in .wasm (component) or .mjs (thread), as strongroom plugin build makes it`);
  return componentProgram(file, await new ComponentSource(file, () => bytes, memoryMiBDefault).prepare(), true);
}

async function withRoom<T>(program: RoomProgram, use: (room: ThreadRoom) => Promise<T>): Promise<T> {
  const room = new ThreadRoom(program, limits, pino({ level: 'silent' }));
  try {
    return await use(room);
  } finally {
    await room.close();
  }
}
