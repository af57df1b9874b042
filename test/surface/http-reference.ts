/** The HTTP reference: every path of the server and of its own plugins, from their route tables. */
import { type Verb, verbs } from '@strongroom/sdk-plugin';
import type { FieldOutline, OperationOutline } from '@strongroom/sdk-plugin/serving';
import { outlineOf } from '@strongroom/sdk-plugin/serving';
import { loadPlugin, readCatalog } from '../../core/runner/catalog.ts';
import type { DocumentedRoute } from '../../core/request/openapi.ts';
import { systemRoutes } from '../../core/system/routes.ts';
import { Server } from '../../core/system/server.ts';
import { KeptLines, testOptions } from '../harness/host.ts';

const methods: Readonly<Record<Verb, string>> = {
  create: 'POST (new)',
  read: 'GET',
  update: 'POST',
  patch: 'PATCH',
  delete: 'DELETE',
  list: 'LIST',
  scan: 'SCAN',
};

/** Parts of the host's own paths, in the order of the page. */
const areas: readonly (readonly [title: string, prefixes: readonly string[]])[] = [
  ['Tokens', ['auth/token']],
  ['Cubbyhole', ['cubbyhole']],
  ['Wrapping', ['sys/wrapping']],
  ['Mounts', ['sys/mounts', 'sys/auth', 'sys/remount', 'sys/internal', 'sys/plugins']],
  ['Policies', ['sys/polic', 'sys/capabilities']],
  ['Leases', ['sys/leases', 'sys/renew', 'sys/revoke']],
  ['Quotas and lockout', ['sys/quotas', 'sys/locked-users']],
  ['Audit', ['sys/audit', 'sys/config/auditing']],
  ['Identity', ['identity']],
];

/** Writes the page. */
export async function httpReference(): Promise<string> {
  const own = Object.values(systemRoutes(new Server(testOptions(new KeptLines()))));
  const areaOf = ({ template }: DocumentedRoute): string | undefined =>
    areas.find(([, prefixes]) => prefixes.some((prefix) => template.startsWith(prefix)))?.[0];
  const parts = [...areas.map(([title]) => title), undefined].map((title) =>
    part(
      title ?? 'The rest of sys/',
      own.filter((route) => areaOf(route) === title),
    ),
  );
  for (const entry of readCatalog()) {
    if (entry.kind === 'audit-sink') continue;
    const plugin = await loadPlugin(entry);
    if (plugin.kind === 'audit-sink') continue;
    const where = entry.kind === 'engine' ? 'below its mount' : 'below `auth/` and its mount';
    parts.push(
      part(`${entry.kind === 'engine' ? 'Engine' : 'Auth method'} ${entry.name}, ${where}`, Object.values(outlineOf(plugin).routes)),
    );
  }
  return [
    '# HTTP API',
    'All paths are below `/v1/`. PUT is POST, `GET ?list=true` is LIST. Fields are those of the JSON body, of the query for GET, LIST and DELETE; *required* ones are marked. The same facts come from `sys/internal/specs/openapi` as OpenAPI, and from any path with `?help=1`.',
    ...parts,
  ].join('\n\n');
}

function part(title: string, routes: readonly DocumentedRoute[]): string {
  const rows = routes.toSorted((a, b) => (a.template < b.template ? -1 : 1)).flatMap(rowsOf);
  return [`## ${title}`, ['| path | | what | fields |', '| --- | --- | --- | --- |', ...rows].join('\n')].join('\n\n');
}

function rowsOf({ template, summary, access, verbs: operations }: DocumentedRoute): readonly string[] {
  const need = access === 'token' ? '' : access === 'sudo' ? ' (sudo)' : ' (no token)';
  // Operations that say and take the same stand in one row.
  const rows = new Map<string, string[]>();
  for (const verb of verbs) {
    const operation = operations[verb];
    if (operation === undefined) continue;
    const facts = `${operation.summary === summary ? summary : `${summary}: ${operation.summary}`}${need} | ${fieldsOf(operation)}`;
    rows.set(facts, [...(rows.get(facts) ?? []), methods[verb]]);
  }
  return [...rows].map(([facts, names]) => `| \`${template === '' ? '/' : template}\` | ${names.join(', ')} | ${facts} |`);
}

function fieldsOf({ input }: OperationOutline): string {
  return Object.entries(input)
    .map(([name, field]) => (field.optional ? `\`${name}\`` : `*\`${name}\`*`) + kindOf(field))
    .join(', ');
}

function kindOf({ json }: FieldOutline): string {
  const { type, format } = json as { readonly type?: string; readonly format?: string };
  if (format === 'seconds') return ' duration';
  if (type === 'string' || type === undefined) return '';
  return type === 'array' ? ' list' : ` ${type}`;
}
