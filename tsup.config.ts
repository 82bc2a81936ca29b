import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    file: 'src/store/file/index.ts',
    receiver: 'src/receiver/index.ts',
    sql: 'src/store/sql/index.ts',
    http: 'src/http/index.ts',
    prometheus: 'src/prometheus/index.ts',
    testing: 'src/testing/index.ts',
    cli: 'src/cli/main.ts',
    // Not imported by any name: the thread of the SQLite store, which looks for it beside itself.
    'sqlite-worker': 'src/store/sql/sqlite/sqlite-worker.ts',
  },
  format: 'esm',
  target: 'node20',
  platform: 'node',
  tsconfig: 'tsconfig.build.json',
  dts: true,
  splitting: true,
  sourcemap: true,
  clean: true,
});
