import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { index: 'src/index.ts', file: 'src/store/file/index.ts', testing: 'src/testing/index.ts' },
  format: 'esm',
  target: 'node20',
  platform: 'node',
  tsconfig: 'tsconfig.build.json',
  dts: true,
  splitting: true,
  sourcemap: true,
  clean: true,
});
