/**
 * A worker thread's side: one long Piscina task that loads a plugin and serves calls over its port until the port closes. The only
 * place of the core that imports plugin code.
 */
import { randomBytes } from 'node:crypto';
import { setPriority } from 'node:os';
import type { MessagePort } from 'node:worker_threads';
import type { AuthMethodDefinition, EngineDefinition } from '@strongroom/sdk-plugin';
import { EngineServer, fromTurn, outlineOf } from '@strongroom/sdk-plugin/serving';
import { Outbox } from './outbox.ts';

/** What the task is given. */
export interface ServeTask {
  readonly port: MessagePort;
  /** URL of the plugin's module. */
  readonly module: string;
  /** Of the thread, where it is not the process's. */
  readonly priority?: number;
}

interface PluginModule {
  readonly default: EngineDefinition | AuthMethodDefinition;
  readonly EngineServer?: typeof EngineServer;
}

/** Serves until the host closes the port. */
export default async function serve({ port, module, priority }: ServeTask): Promise<void> {
  if (priority !== undefined) setPriority(priority);
  const plugin = (await import(module)) as PluginModule;
  const engine = plugin.default;
  // One class of errors and of user JSON: a module that was built in one piece brings its own.
  const outbox = new Outbox(port);
  const server = new (plugin.EngineServer ?? EngineServer)(engine, { send: outbox.send, random: (size) => randomBytes(size) });
  await outbox.serve(outlineOf(engine), ({ turn }) => server.receive(fromTurn(turn)));
}
