import { runStoreSuite } from '../../support/run-store-suite.ts';
import { kyselyPlace } from '../../support/sql-stores.ts';
import { storeSuites } from '../../support/store-suites.ts';

runStoreSuite(storeSuites().kysely, kyselyPlace);
