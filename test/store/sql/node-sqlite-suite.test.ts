import { runStoreSuite } from '../../support/run-store-suite.ts';
import { sqlitePlace } from '../../support/sql-stores.ts';
import { storeSuites } from '../../support/store-suites.ts';

runStoreSuite(storeSuites().nodeSqlite, () => sqlitePlace({ driver: 'node:sqlite', worker: false }));
