import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  workspaces: {
    '.': {
      // What is run by hand, by CI, or loaded by the runner.
      entry: [
        'test/**/*.ts',
        'bench/**/*.ts',
        '.ci/*.{mjs,ts}',
        'examples/*/{index,build}.ts',
        'plugins/build-components.ts',
        '**/*.test.ts',
      ],
      project: ['**/*.ts'],
    },
    core: {
      entry: [
        'cli/main.ts',
        'cli/pretty-log.ts',
        'runner/serve.ts',
        'runner/serve-component.ts',
        'runner/component/transpile-task.ts',
        '**/*.test.ts',
      ],
      project: ['**/*.ts'],
    },
    // What the build puts around a plugin.
    'sdk-plugin': {
      // The world's own interface; what only authors' tests need.
      ignoreDependencies: ['strongroom', 'vitest'],
      entry: ['guest/entry.ts', 'build/thread-entry.ts', '**/*.test.ts'],
      project: ['**/*.ts', '!surface/**'],
    },
  },
  ignoreDependencies: ['node'],
};
export default config;
