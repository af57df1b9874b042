/** Bundles a plugin's source into one text, for either room. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions, type BuildFailure } from 'esbuild';

/** Why a plugin can't be built, in words for its author. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
}

/** A module of this package: its source where that lies here, what was published otherwise. */
function ownModule(name: string): string {
  const source = fileURLToPath(new URL(`../${name}.ts`, import.meta.url));
  return existsSync(source) ? source : fileURLToPath(new URL(`../${name}.js`, import.meta.url));
}

/** The same for every plugin: its SDK is this one, so that there is one `PluginError` and one `OpaqueJson` in the bundle. */
function options(source: string): BuildOptions & { readonly write: false } {
  return {
    bundle: true,
    write: false,
    format: 'esm',
    conditions: ['source'],
    absWorkingDir: dirname(source),
    alias: { 'strongroom:the-plugin': source, '@strongroom/sdk-plugin': ownModule('index') },
    logLevel: 'silent',
    legalComments: 'none',
  };
}

async function bundled(given: BuildOptions & { readonly write: false }): Promise<string> {
  try {
    const { outputFiles } = await build(given);
    return outputFiles[0]?.text ?? '';
  } catch (error) {
    const first = (error as Partial<BuildFailure>).errors?.[0];
    if (first === undefined) throw error;
    const at = first.location === null ? '' : `${first.location.file}:${first.location.line}: `;
    throw new BuildError(`${at}${first.text}`);
  }
}

function sourceFile(source: string): string {
  const path = resolve(source);
  if (!existsSync(path)) throw new BuildError(`${source}: there is no such file`);
  return path;
}

/** esbuild's helper for a lowered async function, whose place the guest's own takes. */
const asyncHelper = /^var __async = \(__this, __arguments, generator\) => \{\n[^]*?^\};$/m;

/** What takes its place: the guest's own, as soon as that is there. */
const runsAsync = 'var __async = (self, args, generator) => (__async = globalThis.__strongroomRunAsync)(self, args, generator);';

/** QuickJS knows all of these; `target` would lower them because async functions are older than they are. */
const known = Object.fromEntries(
  (
    'class-private-field class-private-method class-private-accessor class-private-static-method class-private-static-field ' +
    'class-private-static-accessor class-private-brand-check class-field class-static-field class-static-blocks object-rest-spread ' +
    'optional-chain nullish-coalescing logical-assignment exponent-operator template-literal destructuring optional-catch-binding bigint ' +
    'object-accessors regexp-unicode-property-escapes regexp-dot-all-flag regexp-named-capture-groups regexp-lookbehind-assertions'
  )
    .split(' ')
    .map((feature) => [feature, true]),
);

/** The text that becomes a component: async functions are generators, because the component's runtime runs no jobs of its own. @throws BuildError */
export async function bundleForComponent(source: string): Promise<string> {
  const text = await bundled({
    ...options(sourceFile(source)),
    entryPoints: [ownModule('guest/entry')],
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2016',
    supported: { ...known, 'async-await': false, 'async-generator': false, 'for-await': false },
    external: ['strongroom:plugin/*'],
  });
  if (!asyncHelper.test(text)) throw new BuildError('this esbuild no longer has the helper that is replaced here');
  return text.replace(asyncHelper, runsAsync);
}

/** The text of one module for a thread, with what serves it, so that its hash covers all that runs. @throws BuildError */
export function bundleForThread(source: string): Promise<string> {
  return bundled({ ...options(sourceFile(source)), entryPoints: [ownModule('build/thread-entry')], platform: 'node', target: 'node22' });
}
