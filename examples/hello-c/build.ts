/** Compiles hello.c to a component by clang and lld: `node --conditions=source examples/hello-c/build.ts [FILE]`. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPlugin } from '@strongroom/sdk-plugin/build';

const [, , out = join(import.meta.dirname, 'hello.wasm')] = process.argv;
const folder = mkdtempSync(join(tmpdir(), 'hello-c-'));
const core = join(folder, 'hello.core.wasm');
const source = join(import.meta.dirname, 'hello.c');
const flags = ['--target=wasm32', '-O2', '-Wall', '-Werror', '-nostdlib', '-Wl,--no-entry', '-Wl,-z,stack-size=65536'];
execFileSync('clang', [...flags, '-o', core, source], { stdio: 'inherit' });
await buildPlugin(core, out);
rmSync(folder, { recursive: true });
