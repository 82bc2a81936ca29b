/** Which conformance suites of stores this run can make. Read by the suites themselves, and by the reporter. */
import { createRequire } from 'node:module';
import { MYSQL_VARIABLE, mysqlServerUrl } from './database-servers.ts';

/** A store that needs something that is not everywhere. */
export interface StoreSuiteName {
  readonly name: string;
  /** Why it cannot run here; `undefined` when it can. */
  readonly missing: string | undefined;
}

/** With `all`, suites that cannot run fail. */
const REQUIRE_VARIABLE = 'POSTHORN_TEST_REQUIRE';

const hasNodeSqlite = (): boolean => {
  try {
    createRequire(import.meta.url)('node:sqlite');
    return true;
  } catch {
    return false;
  }
};

/** All suites, those of test/drivers aside. */
export function storeSuites() {
  return {
    memory: always('memory'),
    file: always('file'),
    libsql: always('SQLite (libsql)'),
    thread: always('SQLite (libsql) in a thread'),
    nodeSqlite: {
      name: 'SQLite (node:sqlite)',
      missing: hasNodeSqlite() ? undefined : `Node.js ${process.version} has no node:sqlite`,
    },
    pglite: always('PGlite'),
    postgres: always('PostgreSQL'),
    kysely: always('Kysely'),
    mariadb: {
      name: 'MariaDB',
      missing: mysqlServerUrl() === undefined ? `${MYSQL_VARIABLE} names no server` : undefined,
    },
  } as const satisfies Readonly<Record<string, StoreSuiteName>>;
}

/** True when a suite that cannot run is an error. A Node.js version is what it is, so node:sqlite is never required. */
export function isRequired(suite: StoreSuiteName): boolean {
  return process.env[REQUIRE_VARIABLE] === 'all' && suite.name !== 'SQLite (node:sqlite)';
}

const always = (name: string): StoreSuiteName => ({ name, missing: undefined });
