/** Engines for tests, in each room. Components are built once per content, whatever runs them. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildComponent } from '@strongroom/sdk-plugin/build';
import { bundleForComponent } from '../../sdk-plugin/build/bundle.ts';
import type { CatalogEntry } from '../../core/runner/catalog.ts';
import { ComponentSource } from '../../core/runner/component/prepare.ts';

const cache = join(tmpdir(), `strongroom-components-${process.getuid?.() ?? 0}`);
const wit = readFileSync(new URL('../../sdk-plugin/wit/plugin.wit', import.meta.url));

/** Builds the component of a source file below this repo's root; a second time it comes from a cache that knows the bundled text. */
export async function componentOf(source: string): Promise<Uint8Array> {
  const path = fileURLToPath(new URL(`../../${source}`, import.meta.url));
  const hash = createHash('sha256')
    .update(await bundleForComponent(path))
    .update(wit)
    .digest('hex');
  const file = join(cache, `${hash}.wasm`);
  if (existsSync(file)) return readFileSync(file);
  const bytes = await buildComponent(path);
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.${process.pid}`, bytes);
  renameSync(`${file}.${process.pid}`, file);
  return bytes;
}

/** A catalog entry of a component. */
export function componentEntry(name: string, bytes: Uint8Array, memoryMiB = 64, version = '1.0.0'): CatalogEntry {
  return {
    kind: 'engine',
    name,
    version,
    aliases: {},
    isolation: 'component',
    component: new ComponentSource(name, () => bytes, memoryMiB),
  };
}

/** A catalog entry of an engine that runs in threads. @param module of its source */
export function threadEntry(name: string, module: URL, version = '1.0.0'): CatalogEntry {
  return { kind: 'engine', name, version, aliases: {}, module: module.href };
}

/** The same engine for each room, made when it is asked for. @param source of the engine, below this repo's root */
export function inEachRoom(name: string, source: string): readonly (readonly [room: string, entry: () => Promise<CatalogEntry>])[] {
  return [
    ['thread', () => Promise.resolve(threadEntry(name, new URL(`../../${source}`, import.meta.url)))],
    ['component', async () => componentEntry(name, await componentOf(source))],
  ];
}
