/** Plugins that the config names: their files are read, checked and kept when the server starts. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StrongroomError } from '../errors.ts';
import type { CatalogEntry, Isolation, PluginKind } from './catalog.ts';
import { ComponentSource } from './component/prepare.ts';
import { moduleUrl, readPluginFile } from './plugin-file.ts';

/** A plugin as the config names it. */
export interface OutsidePlugin {
  readonly name: string;
  readonly kind: PluginKind;
  /** Where its file is: a path, or an npm package that is looked for from `from` upwards and says it in its package.json. */
  readonly source: { readonly path: string } | { readonly package: string; readonly from: string };
  readonly version: string;
  /** Hex, of the file. */
  readonly sha256: string;
  readonly isolation: Isolation;
  /** Of an instance of a component: all its memories; of a thread: its heap. */
  readonly memoryMiB: number;
}

/** The outline of a package: which of its files is the plugin. */
interface PackageJson {
  readonly version?: unknown;
  readonly strongroom?: { readonly component?: unknown; readonly thread?: unknown };
}

/** Extensions that `strongroom plugin build` gives. */
const extensions: Readonly<Record<Isolation, string>> = { component: '.wasm', thread: '.mjs' };

/** Reads them into catalog entries. @param catalog what is there already: names are taken once @throws StrongroomError `invalid` naming plugin and field */
export function openOutsidePlugins(plugins: readonly OutsidePlugin[], catalog: readonly CatalogEntry[]): readonly CatalogEntry[] {
  return plugins.map((plugin) => {
    const { name, kind, version, sha256, isolation, memoryMiB } = plugin;
    if (
      catalog.some(
        (entry) => entry.kind === kind && (entry.name === name || (entry.types ?? []).includes(name) || Object.hasOwn(entry.aliases, name)),
      )
    )
      throw new StrongroomError('invalid', `plugin ${name}: field name: the server has a plugin of this name`);
    const path = fileOf(plugin);
    if (!path.endsWith(extensions[isolation]))
      throw new StrongroomError(
        'invalid',
        `plugin ${name}: field isolation: ${isolation} takes a file that ends in ${extensions[isolation]}, as strongroom plugin build makes it`,
      );
    const bytes = readPluginFile({ name, path, sha256 });
    const common = { kind, name, version, aliases: {}, isolation, sha256 };
    return isolation === 'component'
      ? { ...common, component: new ComponentSource(name, () => bytes, memoryMiB) }
      : { ...common, heapMiB: memoryMiB, module: moduleUrl(bytes) };
  });
}

function fileOf({ name, source, version, isolation }: OutsidePlugin): string {
  if ('path' in source) return source.path;
  const refuse = (field: string, why: string): never => {
    throw new StrongroomError('invalid', `plugin ${name}: field ${field}: ${why}`);
  };
  const folder =
    findPackage(source.package, source.from) ?? refuse('package', `${source.package} is not installed at or above ${source.from}`);
  let outline: PackageJson;
  try {
    outline = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson;
  } catch {
    return refuse('package', `${source.package}: its package.json can't be read`);
  }
  if (outline.version !== version)
    refuse('version', `the installed package has version ${String(outline.version).slice(0, 64)}, the config says ${version}`);
  const file = outline.strongroom?.[isolation];
  if (typeof file !== 'string')
    return refuse('isolation', `the package names no file for a ${isolation} (strongroom.${isolation} in its package.json)`);
  return join(folder, file);
}

/** As Node looks for packages. */
function findPackage(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name);
    if (existsSync(join(found, 'package.json'))) return found;
    if (dirname(folder) === folder) return undefined;
  }
}
