/** `secrets list` and `auth list`. */
import type { Command } from './command.ts';
import type { JsonNode } from '@strongroom/sdk-plugin';
import { isNothing, member, members, objectNode, textOf } from './json-node.ts';
import type { MountKind } from './mount-kind.ts';
import { printColumns, printTree } from './print.ts';
import { clientCommand } from './session.ts';
import { UsageError } from './terminal.ts';

type Column = readonly [title: string, of: (path: string, mount: JsonNode) => JsonNode | string | undefined];

const ttl =
  (name: string) =>
  (_: string, mount: JsonNode): string => {
    const seconds = textOf(member(mount, 'config', name));
    return ['system', 'cubbyhole'].includes(textOf(member(mount, 'type'))) ? 'n/a' : seconds === '0' ? 'system' : seconds;
  };

const first: readonly Column[] = [['Path', (path) => path]];
const accessor: Column = ['Accessor', (_, mount) => member(mount, 'accessor')];
const description: Column = ['Description', (_, mount) => member(mount, 'description')];
const version: Column = ['Version', (_, mount) => member(mount, 'plugin_version')];

const columns: Readonly<Record<MountKind['api'], readonly Column[]>> = {
  'sys/mounts': [...first, ['Type', (_, mount) => member(mount, 'type')], accessor, description],
  'sys/auth': [...first, ['Type', (_, mount) => member(mount, 'type')], accessor, description, version],
};

const detailed = (kind: MountKind): readonly Column[] => [
  ...first,
  ['Plugin', (_, mount) => member(mount, 'type')],
  accessor,
  ['Default TTL', ttl('default_lease_ttl')],
  ['Max TTL', ttl('max_lease_ttl')],
  kind.prefix === 'auth/'
    ? ['Token Type', (_, mount) => member(mount, 'config', 'token_type')]
    : ['Force No Cache', (_, mount) => member(mount, 'config', 'force_no_cache')],
  ['Replication', (_, mount) => (textOf(member(mount, 'local')) === 'true' ? 'local' : 'replicated')],
  ['Seal Wrap', (_, mount) => member(mount, 'seal_wrap')],
  ['External Entropy Access', (_, mount) => member(mount, 'external_entropy_access')],
  ['Options', (_, mount) => (isNothing(member(mount, 'options')) ? 'map[]' : member(mount, 'options'))],
  description,
  ['UUID', (_, mount) => member(mount, 'uuid')],
  version,
  ['Running Version', (_, mount) => member(mount, 'running_plugin_version')],
  ['Running SHA256', (_, mount) => member(mount, 'running_sha256')],
  ['Deprecation Status', (_, mount) => member(mount, 'deprecation_status')],
];

/** Lists what is mounted, with `-detailed` all that the server says of it. */
export function mountList(kind: MountKind): Command {
  return clientCommand({ detailed: 'boolean' }, async ({ flags, rest, format, terminal, call }) => {
    if (rest.length > 0) throw new UsageError(`Too many arguments (expected 0, got ${rest.length})`);
    const mounts = member((await call({ method: 'GET', path: kind.api })).body, 'data') ?? objectNode([]);
    if (format !== 'table') {
      printTree(mounts, format, terminal);
      return 0;
    }
    const shown = flags.detailed === true ? detailed(kind) : columns[kind.api];
    const rows = [...members(mounts)].sort(([a], [b]) => (a < b ? -1 : 1));
    printColumns(
      shown.map(([title]) => title),
      rows.map(([path, mount]) => shown.map(([, of]) => cell(of(path, mount)))),
      terminal,
    );
    return 0;
  });
}

function cell(value: JsonNode | string | undefined): string {
  return typeof value === 'string' ? value : isNothing(value) ? '' : textOf(value);
}
