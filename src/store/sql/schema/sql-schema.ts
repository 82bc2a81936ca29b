import { expectInteger, expectKnownKeys } from '../../../core/expect-value.ts';
import { expectDialectName } from '../dialect-name.ts';
import type { DialectName } from '../dialect.ts';
import { createSchemaStatement, migrationStatements, SCHEMA_VERSION } from './schema.ts';
import { readTablePlace } from './table-place.ts';

/** Options of `sqlSchema`. */
export interface SqlSchemaOptions {
  /** As given to `sqlStore`. Default `'posthorn_'`. */
  readonly prefix?: string | undefined;
  /** PostgreSQL: as given to `sqlStore`. Default: the first schema of the search path. */
  readonly schema?: string | undefined;
  /** The version that the tables have; the answer takes them from there to that of this release. Default 0: there are none. */
  readonly from?: number | undefined;
}

/**
 * The SQL that makes the tables of `sqlStore`, for a migration tool of your own: give the store `autoMigrate: false` then. Statements end with
 * a semicolon and stand on lines of their own; run them in one transaction, where the database has one for definitions (MySQL and MariaDB do
 * not). The last ones note the version in the table of settings, where `sqlStore` looks for it.
 *
 * @throws OptionsError naming the option
 *
 * @example
 * writeFileSync('migrations/0007-posthorn.sql', sqlSchema('postgres', { schema: 'webhooks' }));
 */
export function sqlSchema(dialect: DialectName, options: SqlSchemaOptions = {}): string {
  expectDialectName(dialect, 'dialect');
  expectKnownKeys(options, 'sqlSchema', ['prefix', 'schema', 'from']);
  const place = readTablePlace(dialect, options);
  const from = options.from === undefined ? 0 : expectInteger(options.from, 'from', 0, SCHEMA_VERSION);
  const statements = migrationStatements(place, from);
  const all =
    from === 0 && place.schema !== undefined
      ? [createSchemaStatement(place.schema), ...statements]
      : statements;
  return all.map((statement) => `${statement};\n`).join('');
}
