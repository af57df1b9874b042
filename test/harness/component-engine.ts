/** An engine whose handlers run in a component, for suites that were written for the engine itself. */
import { type Plugin, runIn } from '@strongroom/sdk-plugin/testing';
import { ComponentSource } from '../../core/runner/component/prepare.ts';
import type { Link } from '../../core/runner/component/instance.ts';
import { Instances } from '../../core/runner/component/instances.ts';
import { incomingOf } from '../../core/runner/turn-batch.ts';

/** Gives the same engine; test mounts run it in a component. @param bytes built from the engine's source */
export async function inComponent<P extends Plugin>(engine: P, bytes: Uint8Array): Promise<P> {
  const prepared = await new ComponentSource(engine.name, () => bytes, 64).prepare();
  const { instantiate } = (await import(`data:text/javascript,${encodeURIComponent(prepared.glue)}`)) as { readonly instantiate: Link };
  const same = { ...engine };
  runIn(same, (room) => {
    const instances = new Instances(
      instantiate,
      prepared,
      true,
      (message) => room.send(message),
      (size) => room.random(size),
    );
    return { receive: (message) => instances.receive(incomingOf(message)) };
  });
  return same;
}
