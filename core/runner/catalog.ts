/**
 * Finds plugins by what their package.json says of itself (`"strongroom": {"kind": "engine", "name": …}`): adding one touches only
 * its own folder. The core names none.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { AuditSinkDefinition, AuthMethodDefinition, EngineDefinition } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { ComponentSource } from './component/prepare.ts';

/** Kinds of plugins. */
export type PluginKind = 'engine' | 'auth-method' | 'audit-sink';

/** A plugin that can be mounted. */
export interface CatalogEntry {
  readonly kind: PluginKind;
  readonly name: string;
  readonly version: string;
  /** Other names, each with the mount options it stands for. */
  readonly aliases: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** URL of its module; absent: there is a component only. */
  readonly module?: string;
  /** Its component; absent: it runs in threads only. */
  readonly component?: ComponentSource;
  /** The room of mounts that don't say; default: a thread. */
  readonly isolation?: Isolation;
  /** MiB of a thread's heap; default: the rooms' own limit. */
  readonly heapMiB?: number;
}

/** The rooms a plugin can run in. */
export type Isolation = 'thread' | 'component';

/** MiB of an instance for whom the config says nothing. */
export const memoryMiBDefault = 64;

/** Folders beside the core that hold one package each; where a published core lies, npm has put the packages beside it. */
const folders = ['../../plugins', '../../auth-methods', '../../audit-sinks', '../../@strongroom'];

interface PackageJson {
  readonly version: string;
  readonly strongroom?: Pick<CatalogEntry, 'kind' | 'name'> & Partial<Pick<CatalogEntry, 'aliases'>>;
  /** A published package has no source. */
  readonly exports: { readonly '.': { readonly source?: string; readonly default: string } };
}

/** Reads the catalog from the folders. */
export function readCatalog(): readonly CatalogEntry[] {
  const found: CatalogEntry[] = [];
  for (const folder of folders) {
    const base = fileURLToPath(new URL(folder, import.meta.url));
    if (!existsSync(base)) continue;
    for (const name of readdirSync(base).sort()) {
      const file = join(base, name, 'package.json');
      if (!existsSync(file)) continue;
      // Our own packages: their outline is tested with the build.
      const { strongroom, version, exports } = JSON.parse(readFileSync(file, 'utf8')) as PackageJson;
      if (strongroom === undefined) continue;
      const entry = exports['.'];
      found.push({
        aliases: {},
        ...strongroom,
        version,
        component: new ComponentSource(strongroom.name, () => builtComponent(join(base, name), strongroom.name), memoryMiBDefault),
        module: pathToFileURL(join(base, name, entry.source ?? entry.default)).href,
      });
    }
  }
  return found;
}

/** What `npm run build:components` made of one of our own packages. */
function builtComponent(folder: string, name: string): Uint8Array {
  try {
    return readFileSync(join(folder, 'dist', `${name}.wasm`));
  } catch {
    throw new StrongroomError('unavailable', `plugin ${name} is not built as a component: run npm run build:components`);
  }
}

/** The entry of a type. @throws StrongroomError `invalid` naming the types that exist */
export function findPlugin(catalog: readonly CatalogEntry[], kind: PluginKind, name: string): CatalogEntry {
  const entry = catalog.find((candidate) => candidate.kind === kind && (candidate.name === name || Object.hasOwn(candidate.aliases, name)));
  if (entry !== undefined) return entry;
  const known = catalog.filter((candidate) => candidate.kind === kind).map((candidate) => candidate.name);
  throw new StrongroomError(
    'invalid',
    `plugin type ${JSON.stringify(name.slice(0, 64))} not found in the catalog; known: ${known.join(', ')}`,
  );
}

/** Loads a plugin into the host: what it declares, or a sink that is trusted like the host. */
export async function loadPlugin(entry: CatalogEntry): Promise<EngineDefinition | AuthMethodDefinition | AuditSinkDefinition> {
  if (entry.module === undefined) throw new StrongroomError('invalid', `plugin ${entry.name} is a component, which the host does not load`);
  return ((await import(entry.module)) as { default: EngineDefinition | AuthMethodDefinition | AuditSinkDefinition }).default;
}
