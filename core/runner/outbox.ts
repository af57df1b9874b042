/** What a worker sends to the host. */
import type { MessagePort } from 'node:worker_threads';
import type { FromWorker } from '@strongroom/sdk-plugin/serving';

/** Sends messages of one turn of the event loop together. */
export function outbox(port: MessagePort): (message: FromWorker) => void {
  let waiting: FromWorker[] = [];
  return (message) => {
    if (waiting.push(message) > 1) return;
    setImmediate(() => {
      port.postMessage(waiting);
      waiting = [];
    });
  };
}
