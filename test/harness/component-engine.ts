/** An engine whose handlers run in a component, for suites that were written for the engine itself. */
import type { EngineDefinition } from '@strongroom/sdk-plugin';
import { runIn } from '@strongroom/sdk-plugin/testing';
import { ComponentSource } from '../../core/runner/component/prepare.ts';
import type { Link } from '../../core/runner/component/instance.ts';
import { Instances } from '../../core/runner/component/instances.ts';

/** Gives the same engine; test mounts run it in a component. @param bytes built from the engine's source */
export async function inComponent(engine: EngineDefinition, bytes: Uint8Array): Promise<EngineDefinition> {
  const prepared = await new ComponentSource(engine.name, () => bytes, 64).prepare();
  const { instantiate } = (await import(`data:text/javascript,${encodeURIComponent(prepared.glue)}`)) as { readonly instantiate: Link };
  const same = { ...engine };
  runIn(same, (room) => new Instances(instantiate, prepared, (message) => room.send(message)));
  return same;
}
