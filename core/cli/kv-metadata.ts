/** `kv metadata get|put|patch|delete`. */
import type { Command } from './command.ts';
import { ApiError } from './api-error.ts';
import { isNothing, member, members } from './json-node.ts';
import type { FlagValues } from './flags.ts';
import { kvPath } from './kv-path.ts';
import { printBlock, printField, printPath, printTree, sortedRows, titledRows } from './print.ts';
import { clientCommand } from './session.ts';
import { NothingThere, UsageError } from './terminal.ts';

const writeFlags = {
  mount: 'text',
  'max-versions': 'integer',
  'cas-required': 'boolean',
  'delete-version-after': 'text',
  'custom-metadata': 'list',
  'remove-custom-metadata': 'list',
} as const;

/** Prints the settings and versions of a secret. */
export const kvMetadataGet: Command = clientCommand({ mount: 'text' }, async ({ flags, rest, format, terminal, call }) => {
  const path = (await kvPath({ rest, call }, flags.mount))('metadata');
  const { body } = await call({ method: 'GET', path, accept: [404] });
  const data = member(body, 'data');
  if (isNothing(data)) throw new NothingThere(`No value found at ${path}`);
  if (flags.field !== undefined) printField(data, flags.field, format, terminal);
  else if (format !== 'table') printTree(body ?? data, format, terminal);
  else {
    printPath('Metadata Path', path, terminal);
    titledRows(
      'Metadata',
      sortedRows(data).filter(([name]) => name !== 'versions'),
      terminal,
    );
    const versions = [...members(member(data, 'versions'))].sort(([a], [b]) => Number(a) - Number(b));
    for (const [number, version] of versions) {
      terminal.out('\n');
      printBlock(`Version ${number}`, version, terminal);
    }
  }
  return 0;
});

/** Sets settings; custom metadata as a whole. */
export const kvMetadataPut: Command = clientCommand(writeFlags, async ({ flags, rest, terminal, call }) => {
  const path = (await kvPath({ rest, call }, flags.mount))('metadata');
  await call({ method: 'PUT', path, body: JSON.stringify(settingsOf(flags)) });
  terminal.out(`Success! Data written to: ${path}\n`);
  return 0;
});

/** Sets settings; custom metadata key by key. */
export const kvMetadataPatch: Command = clientCommand(writeFlags, async ({ flags, rest, terminal, call }) => {
  const path = (await kvPath({ rest, call }, flags.mount))('metadata');
  try {
    await call({ method: 'PATCH', path, body: JSON.stringify(settingsOf(flags)) });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) throw new NothingThere(`No value found at ${path}`);
    throw error;
  }
  terminal.out(`Success! Data written to: ${path}\n`);
  return 0;
});

/** Removes a secret with all its versions. */
export const kvMetadataDelete: Command = clientCommand({ mount: 'text' }, async ({ flags, rest, terminal, call }) => {
  const path = (await kvPath({ rest, call }, flags.mount))('metadata');
  await call({ method: 'DELETE', path });
  terminal.out(`Success! Data deleted (if it existed) at: ${path}\n`);
  return 0;
});

function settingsOf(flags: FlagValues<typeof writeFlags>): Readonly<Record<string, unknown>> {
  const custom = [
    ...(flags['custom-metadata'] ?? []).map(keyValue),
    ...(flags['remove-custom-metadata'] ?? []).map((name): readonly [string, null] => [name, null]),
  ];
  return {
    max_versions: flags['max-versions'],
    cas_required: flags['cas-required'],
    delete_version_after: flags['delete-version-after'],
    custom_metadata: custom.length === 0 ? undefined : Object.fromEntries(custom),
  };
}

function keyValue(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  if (equals < 0) throw new UsageError('-custom-metadata takes key=value');
  return [text.slice(0, equals), text.slice(equals + 1)];
}
