import type { DialectName } from '../dialect.ts';
import { nameTables, type TableNames } from '../tables.ts';
import { createVersion1 } from './version-1.ts';

/** What makes each version out of the one before, in order; the first makes the tables. */
const VERSIONS: readonly ((dialect: DialectName, names: TableNames, prefix: string) => readonly string[])[] =
  [createVersion1];

/** The version of the schema that this release works with. */
export const SCHEMA_VERSION = VERSIONS.length;

/** The row of `settings` that holds the version. */
export const SCHEMA_VERSION_SETTING = 'sql.schema_version';

/** Where tables are. */
export interface TablePlace {
  readonly dialect: DialectName;
  /** Begins their names. */
  readonly prefix: string;
  /** Postgres: the schema that they are in; `undefined`: the first of the search path. */
  readonly schema: string | undefined;
}

/** The statements that take the tables from one version (0: there are none) to the newest, the note of that included. */
export function migrationStatements(
  { dialect, prefix, schema }: TablePlace,
  from: number,
): readonly string[] {
  if (from >= SCHEMA_VERSION) return [];
  const names = nameTables(prefix, schema);
  return [
    ...VERSIONS.slice(from).flatMap((version) => version(dialect, names, prefix)),
    `delete from ${names.settings} where name = '${SCHEMA_VERSION_SETTING}'`,
    `insert into ${names.settings} (name, value) values ('${SCHEMA_VERSION_SETTING}', '${SCHEMA_VERSION}')`,
  ];
}

/** Makes the schema of Postgres that the tables are in. */
export function createSchemaStatement(schema: string): string {
  return `create schema if not exists ${schema}`;
}
