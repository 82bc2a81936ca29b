import { runStoreSuite } from '../../support/run-store-suite.ts';
import { mysqlPlace } from '../../support/sql-stores.ts';
import { storeSuites } from '../../support/store-suites.ts';

runStoreSuite(storeSuites().mariadb, mysqlPlace);
