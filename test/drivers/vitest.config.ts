import { defineConfig } from 'vitest/config';
import project from '../../vitest.config.ts';

/** The tests of drivers that `npm test` leaves out: see package.json beside this. */
export default defineConfig({
  ...project,
  test: { ...project.test, include: ['test/drivers/*-suite.ts'] },
});
