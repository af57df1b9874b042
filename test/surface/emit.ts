/** The SDK's declarations as they are published, and all of an entry point in one text. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';

const root = join(import.meta.dirname, '../..');

/** Emits the declarations of all modules into a folder that is removed afterwards. */
export function withDeclarations<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-surface-'));
  try {
    const config = join(folder, 'tsconfig.json');
    const compilerOptions = {
      noEmit: false,
      emitDeclarationOnly: true,
      rootDir: join(root, 'sdk-plugin'),
      outDir: folder,
      typeRoots: [join(root, 'node_modules/@types')],
    };
    const source = {
      include: [join(root, 'sdk-plugin/**/*.ts')],
      exclude: ['**/*.test.ts', '**/dist', '**/surface'].map((path) => join(root, path)),
    };
    writeFileSync(config, JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, ...source }));
    writeFileSync(join(folder, 'package.json'), '{ "name": "surface", "type": "module" }');
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', config], { stdio: 'inherit' });
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Rolls up what modules export. @param folder with the declarations @param modules paths in it, without extension */
export function rollUp(folder: string, modules: readonly string[]): string {
  const entry = join(folder, 'entry.d.ts');
  writeFileSync(entry, modules.map((module) => `export * from './${module}.js';\n`).join(''));
  const rolled = join(folder, 'rolled.d.ts');
  const extractorConfig = ExtractorConfig.prepare({
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: entry,
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            module: 'nodenext',
            target: 'esnext',
            strict: true,
            skipLibCheck: true,
            allowImportingTsExtensions: true,
            noEmit: true,
            types: [],
          },
          files: ['entry.d.ts'],
        },
      },
      apiReport: { enabled: false },
      docModel: { enabled: false },
      tsdocMetadata: { enabled: false },
      dtsRollup: { enabled: true, untrimmedFilePath: rolled },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, 'package.json'),
  });
  const { succeeded } = Extractor.invoke(extractorConfig, {
    localBuild: true,
    messageCallback: (message) => {
      // Our comments are no TSDoc, and types that only others name need not be exported.
      message.handled = message.logLevel !== ExtractorLogLevel.Error;
    },
  });
  if (!succeeded) throw new Error('the declarations could not be rolled up');
  return readFileSync(rolled, 'utf8');
}
