import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { index: 'src/index.ts', testing: 'src/testing/index.ts' },
  format: 'esm',
  target: 'node20',
  platform: 'node',
  tsconfig: 'tsconfig.build.json',
  // `npm run check:types` asks for isolated declarations; the bundler of declarations does not need them.
  dts: { compilerOptions: { isolatedDeclarations: false } },
  splitting: true,
  sourcemap: true,
  clean: true,
});
