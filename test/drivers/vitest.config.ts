import { defineConfig } from 'vitest/config';
import project from '../../vitest.config.ts';
import { StoreSuiteReporter } from '../support/store-suite-reporter.ts';

/** The tests of drivers that `npm test` leaves out, see package.json beside this, and one that needs a newer Node.js. */
export default defineConfig({
  ...project,
  test: {
    ...project.test,
    reporters: ['default', new StoreSuiteReporter()],
    include: ['test/drivers/*-suite.ts', 'test/store/sql/node-sqlite-suite.test.ts'],
  },
});
