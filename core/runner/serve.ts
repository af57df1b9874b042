/**
 * A worker thread's side: one long Piscina task that loads a plugin and serves calls over its port until the port closes. The only
 * place of the core that imports plugin code.
 */
import { randomBytes } from 'node:crypto';
import type { MessagePort } from 'node:worker_threads';
import type { EngineDefinition } from '@strongroom/sdk-plugin';
import { EngineServer, type FromWorker, outlineOf, type ToWorker } from '@strongroom/sdk-plugin/serving';

/** What the task is given. */
export interface ServeTask {
  readonly port: MessagePort;
  /** URL of the plugin's module. */
  readonly module: string;
}

/** Serves until the host closes the port. */
export default async function serve({ port, module }: ServeTask): Promise<void> {
  const engine = ((await import(module)) as { default: EngineDefinition }).default;
  const server = new EngineServer(engine, { send: outbox(port), random: (size) => randomBytes(size) });
  await new Promise<void>((resolve) => {
    port.on('message', (messages: readonly ToWorker[]) => {
      for (const message of messages) server.receive(message);
    });
    port.on('close', resolve);
    port.postMessage([{ kind: 'ready', outline: outlineOf(engine) } satisfies FromWorker]);
  });
}

/** Messages of one turn of the event loop leave together. */
function outbox(port: MessagePort): (message: FromWorker) => void {
  let waiting: FromWorker[] = [];
  return (message) => {
    if (waiting.push(message) > 1) return;
    setImmediate(() => {
      port.postMessage(waiting);
      waiting = [];
    });
  };
}
