/**
 * Makes what is published: for each package of this repo a folder `dist/package` of JavaScript, types and documents, laid out as its
 * source is, so that nothing has to know where it runs. `npm pack` and `npm publish` take that folder. Run: `npm run build`.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

interface PackageJson {
  readonly name: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly bin?: Readonly<Record<string, string>>;
}

const root = dirname(import.meta.dirname);
/** Beside the source: what a reader or a program is to find in the package. */
const documents = ['README.md', 'ABI.md', 'wit', 'docs', 'dist/*.wasm'];

/** Packages by folder, the SDK first: the types of all others are made with its own. */
function packageFolders(): readonly string[] {
  // Our own file.
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly workspaces: readonly string[] };
  const folders = workspaces
    .flatMap((pattern) => globSync(`${pattern}/package.json`, { cwd: root }))
    .map((file) => join(root, dirname(file)));
  return folders.toSorted((a, b) => Number(basename(b) === 'sdk-plugin') - Number(basename(a) === 'sdk-plugin'));
}

function compile(folder: string, out: string): void {
  const config = join(folder, 'dist', 'tsconfig.json');
  mkdirSync(dirname(config), { recursive: true });
  const compilerOptions = {
    noEmit: false,
    rewriteRelativeImportExtensions: true,
    allowImportingTsExtensions: false,
    rootDir: folder,
    outDir: out,
  };
  // Other packages are seen as they are published.
  const published = {
    customConditions: [],
    paths: {
      '@strongroom/sdk-plugin': [join(root, 'sdk-plugin/dist/package/index.d.ts')],
      '@strongroom/sdk-plugin/*': [join(root, 'sdk-plugin/dist/package/*/index.d.ts'), join(root, 'sdk-plugin/dist/package/*/build.d.ts')],
    },
  };
  writeFileSync(
    config,
    JSON.stringify({
      extends: relative(dirname(config), join(root, 'tsconfig.json')),
      compilerOptions: { ...compilerOptions, ...published },
      include: ['../**/*.ts'],
      exclude: ['.', '../node_modules', '../**/*.test.ts', '../**/*testing.ts'],
    }),
  );
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', config], { stdio: 'inherit' });
  rmSync(config);
}

/** What the compiler leaves: how a program is started, and modules that are named by URL for a worker. */
function adapt(file: string): void {
  const text = readFileSync(file, 'utf8');
  const adapted = text
    .replace(/^#!.*--conditions=source\n/, '#!/usr/bin/env node\n')
    .replaceAll(/(new URL\('[^']+)\.ts', import\.meta\.url\)/g, "$1.js', import.meta.url)");
  if (adapted !== text) writeFileSync(file, adapted);
}

/** The same package, without its source. */
function publishedJson(json: PackageJson): PackageJson {
  const own = (path: string): string => path.replace('./dist/', './').replace(/(?<!\.d)\.ts$/, '.js');
  const { exports = {}, bin = {}, ...rest } = json;
  const conditions = Object.entries(exports).map(([name, target]) => [
    name,
    typeof target === 'string' ? target : { default: own(target['default'] ?? '') },
  ]);
  return {
    ...rest,
    ...(conditions.length === 0 ? {} : { exports: Object.fromEntries(conditions) as NonNullable<PackageJson['exports']> }),
    ...(Object.keys(bin).length === 0 ? {} : { bin: Object.fromEntries(Object.entries(bin).map(([name, path]) => [name, own(path)])) }),
  };
}

for (const folder of packageFolders()) {
  // Our own file.
  const json = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson;
  if (json.private === true) continue;
  const out = join(folder, 'dist', 'package');
  rmSync(out, { recursive: true, force: true });
  compile(folder, out);
  for (const file of globSync('**/*.js', { cwd: out })) adapt(join(out, file));
  for (const file of globSync([...documents], { cwd: folder })) cpSync(join(folder, file), join(out, file), { recursive: true });
  if (!existsSync(join(out, 'LICENSE'))) cpSync(join(root, 'LICENSE'), join(out, 'LICENSE'));
  writeFileSync(join(out, 'package.json'), `${JSON.stringify(publishedJson(json), null, 2)}\n`);
  process.stdout.write(`${json.name}: ${relative(root, out)}\n`);
}
