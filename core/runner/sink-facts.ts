/** Asks a module for threads, in a thread, whether it is an audit sink: a Piscina task. Sinks serve no calls, so no room can be asked. */
import type { AuditSinkDefinition, AuthMethodDefinition, EngineDefinition } from '@strongroom/sdk-plugin';

/** What an audit sink says of itself. */
export interface SinkFacts {
  readonly name: string;
  /** Names of its options. */
  readonly options: readonly string[];
}

/** What the module at the URL is; undefined for other plugins. */
export default async function sinkFacts(url: string): Promise<SinkFacts | undefined> {
  const { default: plugin } = (await import(url)) as { readonly default: AuditSinkDefinition | AuthMethodDefinition | EngineDefinition };
  if (plugin.kind !== 'audit-sink') return undefined;
  const { properties = {} } = plugin.optionsSchema as { readonly properties?: object };
  return { name: plugin.name, options: Object.keys(properties) };
}
