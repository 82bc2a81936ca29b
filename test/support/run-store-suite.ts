import { afterEach, beforeEach, describe, it } from 'vitest';
import { createStoreSuite } from '../../src/testing/store-suite.ts';
import { createHandles, type TestPlace } from './sql-stores.ts';
import { isRequired, type StoreSuiteName } from './store-suites.ts';

/** Declares the conformance suite of a store, unless this run cannot make it: then it is skipped, or fails where every suite is required. */
export function runStoreSuite(suite: StoreSuiteName, makePlace: () => Promise<TestPlace>): void {
  const { name, missing } = suite;
  if (missing === undefined) {
    createStoreSuite({ name, create: createHandles(makePlace) }, { describe, it, beforeEach, afterEach });
    return;
  }
  const declare = isRequired(suite) ? it : it.skip;
  declare(`store contract: ${name}`, () => {
    throw new Error(`Cannot run: ${missing}.`);
  });
}
