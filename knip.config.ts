import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  // What is run by hand, by CI, or loaded by the runner.
  entry: [
    'core/cli/main.ts',
    'core/cli/pretty-log.ts',
    'core/runner/serve.ts',
    'test/**/*.ts',
    'bench/**/*.ts',
    'examples/*/index.ts',
    '.ci/*.mjs',
    '*/**/*.test.ts',
  ],
  project: ['**/*.ts'],
  ignoreDependencies: ['node'],
};
export default config;
