import { runStoreSuite } from '../../support/run-store-suite.ts';
import { sqlitePlace } from '../../support/sql-stores.ts';
import { storeSuites } from '../../support/store-suites.ts';

runStoreSuite(storeSuites().libsql, () => sqlitePlace({ driver: 'libsql', worker: false }));
