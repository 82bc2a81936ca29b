import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { StoreSuiteReporter } from './test/support/store-suite-reporter.ts';
import { SystemsPageReporter } from './test/support/systems-page.ts';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^posthorn$/, replacement: source('./src/index.ts') },
      { find: /^posthorn\/file$/, replacement: source('./src/store/file/index.ts') },
      { find: /^posthorn\/http$/, replacement: source('./src/http/index.ts') },
      { find: /^posthorn\/testing$/, replacement: source('./src/testing/index.ts') },
      { find: /^posthorn\/prometheus$/, replacement: source('./src/prometheus/index.ts') },
      { find: /^posthorn\/receiver$/, replacement: source('./src/receiver/index.ts') },
      { find: /^posthorn\/sql$/, replacement: source('./src/store/sql/index.ts') },
      { find: /^\.\/worker-entry\.ts$/, replacement: source('./test/support/worker-entry.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'threads',
    maxWorkers: 2,
    // Stores without a key are most of what is tested here.
    execArgv: ['--disable-warning=POSTHORN_UNENCRYPTED'],
    // They tell what hangs, not what is slow on a busy machine.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 5_000,
    retry: 0,
    // The page of the systems has the cases of a test in one line.
    includeTaskLocation: true,
    // The closing line of .ci/run is counted from this file.
    reporters: process.env['CI']
      ? [
          'default',
          new StoreSuiteReporter(),
          new SystemsPageReporter(),
          ['json', { outputFile: 'node_modules/.cache/test-results.json' }],
        ]
      : ['default', new StoreSuiteReporter(), new SystemsPageReporter()],
    typecheck: {
      include: ['test/types/**/*.test-d.ts'],
      tsconfig: './tsconfig.json',
    },
  },
});
