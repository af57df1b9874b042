/** Builds every engine of this folder as a component, beside its source: `dist/NAME.wasm`. Engines that need Node are left out. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineDefinition } from '@strongroom/sdk-plugin';
import { buildPlugin } from '@strongroom/sdk-plugin/build';

interface Named {
  readonly kind: string;
  readonly name: string;
  readonly export?: string;
}

interface PackageJson {
  readonly strongroom?: Named | readonly Named[];
  readonly exports: Readonly<Record<string, { readonly source: string }>>;
}

for (const folder of readdirSync(import.meta.dirname)) {
  const base = join(import.meta.dirname, folder);
  if (!existsSync(join(base, 'package.json'))) continue;
  // Our own packages.
  const { strongroom, exports } = JSON.parse(readFileSync(join(base, 'package.json'), 'utf8')) as PackageJson;
  for (const { kind, name, export: exported = '.' } of strongroom === undefined ? [] : [strongroom].flat()) {
    if (kind !== 'engine') continue;
    const source = join(base, exports[exported]!.source);
    const { needs = [] } = ((await import(source)) as { readonly default: EngineDefinition }).default;
    if (needs.includes('node')) continue;
    const out = join(base, 'dist', `${name}.wasm`);
    mkdirSync(join(base, 'dist'), { recursive: true });
    const { bytes } = await buildPlugin(source, out);
    process.stdout.write(`${out}: ${bytes} bytes\n`);
  }
}
