import { runStoreSuite } from '../../support/run-store-suite.ts';
import { postgresPlace } from '../../support/sql-stores.ts';
import { storeSuites } from '../../support/store-suites.ts';

runStoreSuite(storeSuites().postgres, postgresPlace);
