import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    include: ['{core,sdk-plugin,plugins,auth-methods,audit-sinks,test}/**/*.test.ts'],
    globalSetup: ['test/wire/coverage-report.ts'],
    execArgv: ['--conditions=source'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
export default config;
