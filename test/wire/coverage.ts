/**
 * Which (route, operation) was answered over HTTP with success, and which with a refusal. Each file of the wire suite notes its
 * answers here; `coverage-report.ts` adds them up when the whole suite has run.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { verbs, type Verb } from '@strongroom/sdk-plugin';
import { afterAll } from 'vitest';
import { RouteTable } from '@strongroom/sdk-plugin/hosting';
import { outlineOf } from '@strongroom/sdk-plugin/serving';
import { systemRoutes } from '../../core/system/routes.ts';
import { Server } from '../../core/system/server.ts';
import userpass from '../../auth-methods/userpass/index.ts';
import kv from '../../plugins/kv/index.ts';
import kvV1 from '../../plugins/kv/v1/index.ts';
import type { Observer, RawAnswer, RawRequest } from '../harness/client.ts';
import { KeptLines, testOptions } from '../harness/host.ts';

/** A route, as its table names it. */
export interface KnownRoute {
  readonly template: string;
  readonly access: 'public' | 'token' | 'sudo';
  readonly verbs: { readonly [V in Verb]?: unknown };
}

/** What one file of the suite has seen, as it is handed to the report. */
export interface Seen {
  /** Pairs that must be answered with success, and those that must be refused. */
  readonly expected: { readonly succeeded: readonly string[]; readonly refused: readonly string[] };
  readonly succeeded: readonly string[];
  readonly refused: readonly string[];
}

/** Routes of the host, by full template. */
export const hostRoutes: Readonly<Record<string, KnownRoute>> = systemRoutes(new Server(testOptions(new KeptLines())));
/** Routes of the plugins that the wire suite has mounted, by path, then by template below it. */
export const pluginRoutes: Readonly<Record<string, Readonly<Record<string, KnownRoute>>>> = {
  secret: outlineOf(kv).routes,
  old: outlineOf(kvV1).routes,
  'auth/userpass': outlineOf(userpass).routes,
};

const hostTable = new RouteTable(hostRoutes);
const pluginTables = Object.entries(pluginRoutes).map(([mount, routes]) => ({ mount, table: new RouteTable(routes) }));
const succeeded = new Set<string>();
const refused = new Set<string>();

const verbOf: Readonly<Record<string, Verb>> = {
  GET: 'read',
  HEAD: 'read',
  POST: 'update',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
  LIST: 'list',
  SCAN: 'scan',
};

/** Operations that exist only to refuse in words, or to say that there is nothing. */
const onlyRefuse: ReadonlySet<string> = new Set([
  ...['sys/rekey/recovery-key-backup', 'sys/rekey-recovery-key/{operation}', 'sys/rotate/recovery/{operation}'].flatMap((path) =>
    ['read', 'update', 'delete'].map((verb) => `${path} ${verb}`),
  ),
  'sys/plugins/catalog/{type}/{name} update',
  'sys/plugins/catalog/{type}/{name} delete',
  'sys/plugins/pins/{type}/{name} read',
  'sys/plugins/pins/{type}/{name} update',
  'identity/oidc/{path+} list',
  'identity/oidc/{path+} read',
  'identity/oidc/{path+} update',
  'sys/namespaces list',
  'sys/namespaces/{path+} read',
  'sys/namespaces/{path+} update',
]);

/** All pairs, as `template verb`. */
export function expectedPairs(): string[] {
  const pairs = (prefix: string, routes: Readonly<Record<string, KnownRoute>>): string[] =>
    Object.entries(routes).flatMap(([template, route]) =>
      verbs.filter((verb) => route.verbs[verb] !== undefined).map((verb) => `${prefix}${template} ${verb}`),
    );
  return [...pairs('', hostRoutes), ...Object.entries(pluginRoutes).flatMap(([mount, routes]) => pairs(`${mount}/`, routes))];
}

function pairOf({ method, path }: RawRequest): string | undefined {
  const target = path.startsWith('/v1/') ? path.slice(4) : path.startsWith('/') ? undefined : path;
  let verb = verbOf[method];
  if (target === undefined || verb === undefined) return undefined;
  const [rawPath = '', query = ''] = target.split('?');
  if (verb === 'read' && /(^|&)list=(true|True|1)\b/.test(query)) verb = 'list';
  if (verb === 'read' && /(^|&)scan=(true|True|1)\b/.test(query)) verb = 'scan';
  const bare = decodeURIComponent(rawPath.replace(/\/$/, ''));
  const listing = verb === 'list' || verb === 'scan';
  const host = hostTable.match(bare, listing)?.route.template;
  if (host !== undefined) return `${host} ${verb}`;
  const plugin = pluginTables.find(({ mount }) => bare === mount || bare.startsWith(`${mount}/`));
  const engine = plugin?.table.match(bare.slice(plugin.mount.length + 1), listing)?.route.template;
  return plugin === undefined || engine === undefined ? undefined : `${plugin.mount}/${engine} ${verb}`;
}

function isSuccess({ status, json }: RawAnswer): boolean {
  const body = json as { readonly data?: unknown; readonly warnings?: unknown } | null;
  return status < 400 || (status === 404 && (body?.data !== undefined || body?.warnings !== undefined));
}

/** Notes an answer. */
export const noteAnswer: Observer = (request, answer) => {
  const pair = pairOf(request);
  if (pair !== undefined) (isSuccess(answer) ? succeeded : refused).add(pair);
};

/** Hands what this file sees to the report, at its end. @param file its `import.meta.filename` */
export function reportCoverage(file: string): void {
  afterAll(() => {
    const directory = process.env['STRONGROOM_WIRE_COVERAGE'];
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true });
    const pairs = expectedPairs();
    const expected = { succeeded: pairs.filter((pair) => !onlyRefuse.has(pair)), refused: pairs };
    const seen: Seen = { expected, succeeded: [...succeeded], refused: [...refused] };
    writeFileSync(join(directory, `${file.split('/').at(-1)}.json`), JSON.stringify(seen));
  });
}
