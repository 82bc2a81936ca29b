import { runStoreSuite } from '../../support/run-store-suite.ts';
import { pglitePlace } from '../../support/sql-stores.ts';
import { storeSuites } from '../../support/store-suites.ts';

runStoreSuite(storeSuites().pglite, pglitePlace);
