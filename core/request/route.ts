/** Station 5: where the path leads, and whether its target exists. */
import type { Verb } from '@strongroom/sdk-plugin';
import { fillTemplate, type PathParams } from '@strongroom/sdk-plugin/hosting';
import { mountPrefix } from '../barrier/barrier.ts';
import type { Transaction } from '../barrier/transaction.ts';
import { type Mount, readMounts } from '../mounts/mount-table.ts';
import type { OperationOutline, RouteOutline } from '@strongroom/sdk-plugin/serving';
import type { Engine } from '../runner/rooms.ts';
import type { Head } from './head.ts';
import type { HelpSubject } from './help.ts';
import type { Caller } from './identify.ts';
import type { Host, Unsealed } from './host.ts';
import type { HostRoute } from './host-route.ts';
import type { DocumentedPart } from './openapi.ts';

/** What a path leads to. */
export type Target =
  | { readonly kind: 'no-mount' }
  | { readonly kind: 'help'; readonly mount: Mount | undefined; readonly verb: 'read'; readonly subject: HelpSubject }
  | { readonly kind: 'no-path'; readonly mount: Mount | undefined; readonly verb: Verb }
  | { readonly kind: 'no-verb'; readonly mount: Mount | undefined; readonly verb: Verb }
  | {
      readonly kind: 'host';
      readonly mount: undefined;
      /** See `engine`. */
      readonly path: string;
      readonly verb: Verb;
      readonly route: HostRoute;
      readonly params: PathParams;
      readonly operation: OperationOutline;
    }
  | {
      readonly kind: 'engine';
      readonly mount: Mount;
      readonly engine: Engine;
      /** The whole path, names without case lower-cased: what policies, the audit and the cache see. */
      readonly path: string;
      readonly verb: Verb;
      readonly route: RouteOutline;
      readonly params: PathParams;
      readonly operation: OperationOutline;
    };

/** The host's own mounts. */
export const hostMounts: readonly (readonly [path: string, type: string])[] = [
  ['sys', 'system'],
  ['auth/token', 'token'],
  ['cubbyhole', 'cubbyhole'],
  ['identity', 'identity'],
];

/** Whether a path is the host's own. */
export function isHostPath(path: string): boolean {
  return hostMountPath(path) !== undefined;
}

/** The mount of the host's own that a path is below, with its slash. */
export function hostMountPath(path: string): string | undefined {
  const mount = hostMounts.find(([name]) => path.startsWith(name) && (path.length === name.length || path[name.length] === '/'))?.[0];
  return mount === undefined ? undefined : `${mount}/`;
}

/** The type that answers and audit say of a path of the host's own. */
export function hostMountType(path: string): string {
  return hostMounts.find(([mount]) => path.startsWith(mount))?.[1] ?? 'system';
}

function isListing(verb: Verb): boolean {
  return verb === 'list' || verb === 'scan';
}

/** The path as policies see it: LIST and SCAN are checked with their slash. */
export function policyPath(head: Head): string {
  return isListing(head.verb) ? `${head.path}/` : head.path;
}

/** Finds the target, inside the transaction. @throws StrongroomError `unavailable` when the engine can't be loaded */
export async function findTarget(host: Host, unsealed: Unsealed, tx: Transaction, head: Head, caller: Caller): Promise<Target> {
  const { path, verb } = head;
  if (head.help) return findHelp(host, unsealed, tx, path);
  if (isHostPath(path)) {
    const match = host.system.match(path, isListing(verb));
    if (match === undefined) return { kind: 'no-path', mount: undefined, verb };
    const { route } = match;
    const params = withoutCase(route, match.params);
    const canonical = params === match.params ? path : pathOf(route.template, params);
    const operation = route.verbs[verb];
    if (operation === undefined) return { kind: 'no-verb', mount: undefined, verb };
    if (verb !== 'update' || route.exists === undefined)
      return { kind: 'host', mount: undefined, path: canonical, verb, route, params, operation };
    // Parameters come from the route's own template.
    const exists = await route.exists(tx, caller.kind === 'token' ? caller.token : undefined, params as never);
    return { kind: 'host', mount: undefined, path: canonical, verb: exists ? 'update' : 'create', route, params, operation };
  }
  const table = readMounts(tx);
  const mount = (table instanceof Promise ? await table : table).serving(path);
  if (mount === undefined) return { kind: 'no-mount' };
  const loaded = unsealed.rooms.engine(mount.plugin, mount.class, mount.isolation);
  const engine = loaded instanceof Promise ? await loaded : loaded;
  const match = engine.routes.match(path.slice(mount.path.length), isListing(verb));
  if (match === undefined) return { kind: 'no-path', mount, verb };
  const { route } = match;
  const params = withoutCase(route, match.params);
  const decided = verb === 'update' ? await createOrUpdate(tx, mount, route, params) : verb;
  const operation = route.verbs[decided] ?? (decided === 'create' ? route.verbs.update : undefined);
  if (operation === undefined) return { kind: 'no-verb', mount, verb: decided };
  const canonical = params === match.params ? path : mount.path + pathOf(route.template, params);
  return { kind: 'engine', mount, engine, path: canonical, verb: decided, route, params, operation };
}

/** What help for a path is about: its route, or all of the mount. */
async function findHelp(host: Host, unsealed: Unsealed, tx: Transaction, path: string): Promise<Target> {
  const own = hostMountPath(path);
  if (own !== undefined) {
    const route = host.system.match(path, false)?.route ?? host.system.match(path, true)?.route;
    const part = hostPart(host, own);
    const atRoot = `${path}/` === own;
    if (route === undefined && !atRoot) return { kind: 'no-path', mount: undefined, verb: 'read' };
    return { kind: 'help', mount: undefined, verb: 'read', subject: { path, route: atRoot ? undefined : route, part } };
  }
  const mount = (await readMounts(tx)).serving(path);
  if (mount === undefined) return { kind: 'no-mount' };
  const part = await enginePart(unsealed, mount);
  const { routes } = await unsealed.rooms.engine(mount.plugin, mount.class, mount.isolation);
  const below = path.slice(mount.path.length);
  const route = below === '' ? undefined : (routes.match(below, false) ?? routes.match(below, true))?.route;
  if (route === undefined && below !== '') return { kind: 'no-path', mount, verb: 'read' };
  return { kind: 'help', mount, verb: 'read', subject: { path, route, part } };
}

const hostTags: Readonly<Record<string, DocumentedPart['tag']>> = {
  'auth/token/': 'auth',
  'cubbyhole/': 'secrets',
  'identity/': 'identity',
};

/** The host's own routes below one of its mounts (`sys/`), for documents. */
export function hostPart(host: Host, own: string): DocumentedPart {
  const routes = host.system.routes.filter(({ template }) => `${template}/`.startsWith(own));
  return { prefix: '', tag: hostTags[own] ?? 'system', routes };
}

/** The routes of a mount, for documents. */
export async function enginePart({ rooms }: Unsealed, { plugin, class: mountClass, isolation, path }: Mount): Promise<DocumentedPart> {
  const { routes } = await rooms.engine(plugin, mountClass, isolation);
  return { prefix: path, tag: mountClass === 'auth' ? 'auth' : 'secrets', routes: routes.routes };
}

/** The parameters, with those lower-cased that are names without case; the same object when nothing changes. */
function withoutCase(route: Pick<RouteOutline, 'lowercase'>, params: PathParams): PathParams {
  if (!route.lowercase.some((name) => params[name] !== params[name]?.toLowerCase())) return params;
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, route.lowercase.includes(name) ? value.toLowerCase() : value]),
  );
}

/** The path that a template stands for. */
function pathOf(template: string, params: PathParams): string {
  return template.replace(/\{(\w+)\+?\}/g, (_, name: string) => params[name] ?? '').replace(/\/$/, '');
}

/** POST and PUT are one operation; whether the target exists makes it a create or an update. */
async function createOrUpdate(tx: Transaction, mount: Mount, route: RouteOutline, params: PathParams): Promise<Verb> {
  if (route.exists === undefined) return 'update';
  return (await tx.has(mountPrefix(mount.id) + fillTemplate(route.exists, params))) ? 'update' : 'create';
}
