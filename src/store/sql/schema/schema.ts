import type { DialectName } from '../dialect.ts';
import { nameTables, type TableNames } from '../tables.ts';
import { createVersion1 } from './version-1.ts';

/** What makes each version out of the one before, in order; the first makes the tables. */
const VERSIONS: readonly ((dialect: DialectName, names: TableNames, prefix: string) => readonly string[])[] =
  [createVersion1];

/** The version of the schema that this release works with. */
export const SCHEMA_VERSION = VERSIONS.length;

/** Prefix of all tables, unless another one is given. */
export const DEFAULT_PREFIX = 'posthorn_';

/** The row of `settings` that holds the version. */
export const SCHEMA_VERSION_SETTING = 'sql.schema_version';

/** The statements that take the tables from one version to the newest, the note of that included. */
export function migrationStatements(params: {
  readonly dialect: DialectName;
  readonly prefix: string;
  readonly schema: string | undefined;
  /** 0: there are no tables. */
  readonly from: number;
}): readonly string[] {
  const { dialect, prefix, schema, from } = params;
  if (from >= SCHEMA_VERSION) return [];
  const names = nameTables(prefix, schema);
  return [
    ...(from === 0 && schema !== undefined ? [`create schema if not exists ${schema}`] : []),
    ...VERSIONS.slice(from).flatMap((version) => version(dialect, names, prefix)),
    `delete from ${names.settings} where name = '${SCHEMA_VERSION_SETTING}'`,
    `insert into ${names.settings} (name, value) values ('${SCHEMA_VERSION_SETTING}', '${SCHEMA_VERSION}')`,
  ];
}
