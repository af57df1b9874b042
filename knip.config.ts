import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  // What is run by hand, by CI, or loaded by the runner.
  entry: [
    'core/cli/main.ts',
    'core/cli/pretty-log.ts',
    'core/runner/serve.ts',
    'core/runner/serve-component.ts',
    'core/runner/component/transpile-task.ts',
    'plugins/build-components.ts',
    'sdk-plugin/guest/entry.ts',
    'sdk-plugin/build/thread-entry.ts',
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
