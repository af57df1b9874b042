/** As serve.ts, for a component: the worker runs the host's own code and instances, and nothing of the plugin beside them. */
import { setPriority } from 'node:os';
import type { MessagePort } from 'node:worker_threads';
import { Instance, type Link } from './component/instance.ts';
import { Instances } from './component/instances.ts';
import { checkOutline } from './component/outline-check.ts';
import type { Prepared } from './component/transpile-task.ts';
import { Outbox } from './outbox.ts';

/** What the task is given. */
export interface ServeComponentTask {
  readonly port: MessagePort;
  readonly prepared: Prepared;
  /** Of the thread, where it is not the process's. */
  readonly priority?: number;
}

/** Serves until the host closes the port. */
export default async function serveComponent({ port, prepared, priority }: ServeComponentTask): Promise<void> {
  if (priority !== undefined) setPriority(priority);
  // Made by the transpiler in this process, from a component whose every name was read: it lies in no file that others could change.
  const glue = `${prepared.glue}\n//# sourceURL=component.js\n`;
  const { instantiate } = (await import(`data:text/javascript,${encodeURIComponent(glue)}`)) as { readonly instantiate: Link };
  const { rows, ...outline } = checkOutline(new Instance(instantiate, prepared, () => {}).describe());
  const outbox = new Outbox(port);
  const instances = new Instances(instantiate, prepared, rows, outbox.send);
  await outbox.serve(outline, (incoming) => instances.receive(incoming));
}
