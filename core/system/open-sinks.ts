/** Opens the audit sinks of the config. They are trusted like the host and run in it. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { AuditSinkDefinition } from '@strongroom/sdk-plugin';
import type { NamedSink } from '../audit/sink-lane.ts';
import { StrongroomError } from '../errors.ts';
import { type CatalogEntry, findPlugin, loadPlugin } from '../runner/catalog.ts';

/** One sink of the config. */
export interface SinkDeclaration {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Opens every sink. @throws StrongroomError `invalid` naming the sink, the option and what was expected */
export async function openSinks(catalog: readonly CatalogEntry[], declared: readonly SinkDeclaration[]): Promise<NamedSink[]> {
  const opened: NamedSink[] = [];
  for (const { name, type, required, options } of declared) {
    const entry = findPlugin(catalog, 'audit-sink', type);
    const definition = await loadPlugin(entry);
    if (definition.kind !== 'audit-sink') throw new StrongroomError('invalid', `audit_sinks.${name}: ${type} is not an audit sink`);
    if (definition.name !== entry.name)
      throw new StrongroomError('invalid', `plugin ${entry.name}: its module says that it is ${definition.name.slice(0, 128)}`);
    opened.push({ name, required, sink: await open(name, definition, options) });
  }
  return opened;
}

async function open(name: string, definition: AuditSinkDefinition, options: Readonly<Record<string, unknown>>): Promise<NamedSink['sink']> {
  const validate = new Ajv2020({ strict: false, useDefaults: true }).compile(definition.optionsSchema);
  const checked = structuredClone(options);
  if (!validate(checked)) {
    const error = validate.errors?.[0];
    throw new StrongroomError(
      'invalid',
      `audit_sinks.${name}.options${error?.instancePath.replaceAll('/', '.') ?? ''}: ${error?.message ?? 'malformed'}`,
    );
  }
  try {
    return await definition.open(checked);
  } catch (error) {
    throw new StrongroomError(
      'invalid',
      `audit_sinks.${name}: cannot be opened: ${error instanceof Error ? error.message : 'unknown error'}`,
      { cause: error },
    );
  }
}
