/** Builds every engine of this folder as a component, beside its source: `dist/NAME.wasm`. Engines that need Node are left out. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineDefinition } from '@strongroom/sdk-plugin';
import { buildPlugin } from '@strongroom/sdk-plugin/build';

interface PackageJson {
  readonly strongroom?: { readonly kind: string; readonly name: string };
  readonly exports: { readonly '.': { readonly source: string } };
}

for (const folder of readdirSync(import.meta.dirname)) {
  const base = join(import.meta.dirname, folder);
  if (!existsSync(join(base, 'package.json'))) continue;
  // Our own packages.
  const { strongroom, exports } = JSON.parse(readFileSync(join(base, 'package.json'), 'utf8')) as PackageJson;
  if (strongroom?.kind !== 'engine') continue;
  const source = join(base, exports['.'].source);
  const { needs = [] } = ((await import(source)) as { readonly default: EngineDefinition }).default;
  if (needs.includes('node')) continue;
  const out = join(base, 'dist', `${strongroom.name}.wasm`);
  mkdirSync(join(base, 'dist'), { recursive: true });
  const { bytes } = await buildPlugin(source, out);
  process.stdout.write(`${out}: ${bytes} bytes\n`);
}
