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
  /** Types that its mounts show; default: its name. */
  readonly types?: readonly string[];
  /** Of several engines with one type: which mounts are its own. */
  readonly edition?: Edition;
  /** URL of its module; absent: there is a component only. */
  readonly module?: string;
  /** Its component; absent: it runs in threads only. */
  readonly component?: ComponentSource;
  /** The room of mounts that don't say; default: a thread. */
  readonly isolation?: Isolation;
  /** Hex, of the file of a plugin from outside; absent: it comes with the server. */
  readonly sha256?: string;
  /** MiB of a thread's heap and buffers; default: the rooms' own limit. */
  readonly heapMiB?: number;
}

/** Which mounts of a type an engine serves: those whose option has a value. */
export interface Edition {
  readonly option: string;
  readonly value: string;
  /** It serves those that say nothing as well. */
  readonly default?: boolean;
  /** Values of the option whose mounts it can take over, with their storage as it is. */
  readonly takesOver?: readonly string[];
}

/** The rooms a plugin can run in. */
export type Isolation = 'thread' | 'component';

/** MiB of an instance for whom the config says nothing. */
export const memoryMiBDefault = 64;

/** Folders beside the core that hold one package each; where a published core lies, npm has put the packages beside it. */
const folders = ['../../plugins', '../../auth-methods', '../../audit-sinks', '../../@strongroom'];

/** A plugin as a package.json names it. */
type Named = Pick<CatalogEntry, 'kind' | 'name'> &
  Partial<Pick<CatalogEntry, 'aliases' | 'types' | 'edition'>> & {
    /** Which of the package's exports it is; default: `.`. */
    readonly export?: string;
    /** Default: the package's. */
    readonly version?: string;
  };

interface PackageJson {
  readonly version: string;
  readonly strongroom?: Named | readonly Named[];
  /** A published package has no source. */
  readonly exports: Readonly<Record<string, { readonly source?: string; readonly default: string }>>;
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
      for (const { export: exported = '.', ...plugin } of strongroom === undefined ? [] : [strongroom].flat()) {
        const entry = exports[exported]!;
        found.push({
          aliases: {},
          version,
          ...plugin,
          component: new ComponentSource(plugin.name, () => builtComponent(join(base, name), plugin.name), memoryMiBDefault),
          module: pathToFileURL(join(base, name, entry.source ?? entry.default)).href,
        });
      }
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

/** The plugin of this very name. @throws StrongroomError `invalid` naming those that exist */
export function findPlugin(catalog: readonly CatalogEntry[], kind: PluginKind, name: string): CatalogEntry {
  const entry = catalog.find((candidate) => candidate.kind === kind && candidate.name === name);
  return entry ?? unknownType(catalog, kind, name);
}

/** What serves a mount. */
export interface Serving {
  readonly entry: CatalogEntry;
  /** As its mounts show it. */
  readonly type: string;
  readonly options: Readonly<Record<string, string>> | null;
}

/** The plugin that serves mounts of a type, by its options. @throws StrongroomError `invalid` naming the types, or the option's values, that exist */
export function servingPlugin(catalog: readonly CatalogEntry[], kind: PluginKind, type: string, options: Serving['options']): Serving {
  const plugins = catalog.filter((entry) => entry.kind === kind);
  const byAlias = plugins.find((entry) => Object.hasOwn(entry.aliases, type));
  if (byAlias !== undefined) return { entry: byAlias, type: typesOf(byAlias)[0]!, options: { ...options, ...byAlias.aliases[type] } };
  const candidates = plugins.filter((entry) => typesOf(entry).includes(type));
  if (candidates.length === 0) unknownType(catalog, kind, type);
  const entry = candidates.find(({ edition }) => {
    if (edition === undefined) return true;
    const wanted = options?.[edition.option];
    return wanted === undefined ? edition.default === true : wanted === edition.value;
  });
  if (entry !== undefined) return { entry, type, options };
  const editions = candidates.flatMap(({ edition }) => edition ?? []);
  throw new StrongroomError(
    'invalid',
    `field options.${editions[0]!.option}: must be one of ${editions.map(({ value }) => value).join(', ')} for type ${type}`,
  );
}

function typesOf({ types, name }: CatalogEntry): readonly string[] {
  return types ?? [name];
}

function unknownType(catalog: readonly CatalogEntry[], kind: PluginKind, type: string): never {
  const known = new Set(catalog.filter((entry) => entry.kind === kind).flatMap(typesOf));
  throw new StrongroomError(
    'invalid',
    `plugin type ${JSON.stringify(type.slice(0, 64))} not found in the catalog; known: ${[...known].join(', ')}`,
  );
}

/** Loads a plugin into the host: what it declares, or a sink that is trusted like the host. */
export async function loadPlugin(entry: CatalogEntry): Promise<EngineDefinition | AuthMethodDefinition | AuditSinkDefinition> {
  if (entry.module === undefined) throw new StrongroomError('invalid', `plugin ${entry.name} is a component, which the host does not load`);
  return ((await import(entry.module)) as { default: EngineDefinition | AuthMethodDefinition | AuditSinkDefinition }).default;
}
