import { StoreError } from '../../../errors.ts';
import type { Row, Script, Statement } from '../script.ts';
import type { ScriptRunner } from '../script-runner.ts';
import { nameTables } from '../tables.ts';
import {
  createSchemaStatement,
  migrationStatements,
  SCHEMA_VERSION,
  SCHEMA_VERSION_SETTING,
  type TablePlace,
} from './schema.ts';
import { DEFAULT_PREFIX } from './table-place.ts';

/** Options of {@link migrate}. */
export interface MigrateOptions extends TablePlace {
  /** False: only looks, and throws when the tables are not those of this release. */
  readonly autoMigrate: boolean;
}

/** How long MySQL waits for another process that migrates. */
const LOCK_TIMEOUT_S = 60;

/**
 * Makes the tables, or brings them to the version of this release. Of several processes one does it, and the others wait.
 *
 * @throws StoreError of code `schema_mismatch` when they are older and may not be migrated, or newer than this release
 */
export async function migrate(scripts: ScriptRunner, options: MigrateOptions): Promise<void> {
  const version = await scripts.run(false, () => readVersion(options));
  if (version === SCHEMA_VERSION) return;
  if (version > SCHEMA_VERSION) throw tooNew(version, options);
  if (!options.autoMigrate) throw tooOld(version, options);
  // MySQL commits after each statement that defines something: there is no transaction to speak of.
  await scripts.run(options.dialect !== 'mysql', () => migrateLocked(options));
}

function* migrateLocked(options: MigrateOptions): Script<void> {
  const lockName = `posthorn_migration:${options.schema ?? ''}:${options.prefix}`;
  if (options.dialect === 'postgres') {
    yield statement('select pg_advisory_xact_lock(hashtextextended($1, 0))', [lockName]);
    yield* migrateUnlocked(options);
  } else if (options.dialect === 'mysql') {
    yield* withMysqlLock(lockName, migrateUnlocked(options));
  } else {
    // The transaction that writes owns the whole database.
    yield* migrateUnlocked(options);
  }
}

function* withMysqlLock(name: string, script: Script<void>): Script<void> {
  // Locks are of the server: tables of the same prefix in another database need not wait.
  const key = `concat(left(database(), 20), ':', md5(concat(database(), ?)))`;
  const { rows } = yield statement(`select get_lock(${key}, ${LOCK_TIMEOUT_S}) as locked`, [name]);
  const locked = rows[0]?.['locked'];
  if (locked === null || locked === undefined) {
    throw new StoreError(
      'The server gave no lock for migrating the tables. Does the URL name a database? mysql://user@host:3306/shop',
    );
  }
  if (Number(locked) !== 1) {
    throw new StoreError(
      `Another process has been migrating the tables for more than ${LOCK_TIMEOUT_S} s. Start again when it has ended.`,
    );
  }
  try {
    yield* script;
  } finally {
    yield statement(`select release_lock(${key}) as released`, [name]);
  }
}

function* migrateUnlocked(options: MigrateOptions): Script<void> {
  const version = yield* readVersion(options);
  if (version > SCHEMA_VERSION) throw tooNew(version, options);
  if (version === 0 && options.schema !== undefined && !(yield* hasSchema(options.schema)))
    yield statement(createSchemaStatement(options.schema));
  for (const sql of migrationStatements(options, version)) yield statement(sql);
}

/** The version that the tables have; 0 when there are none, or when making them did not end. */
function* readVersion(options: MigrateOptions): Script<number> {
  const { settings } = nameTables(options.prefix, options.schema);
  const tables = yield lookupTable(options.dialect, settings);
  if (tables.rows.length === 0) return 0;
  const { rows } = yield statement(`select value from ${settings} where name = '${SCHEMA_VERSION_SETTING}'`);
  return Number(rows[0]?.['value'] ?? 0);
}

function lookupTable(dialect: TablePlace['dialect'], table: string): Statement {
  switch (dialect) {
    case 'sqlite':
      return statement(`select 1 as found from sqlite_master where type = 'table' and name = ?`, [table]);
    case 'postgres':
      return statement('select 1 as found where to_regclass($1) is not null', [table]);
    case 'mysql':
      return statement(
        'select 1 as found from information_schema.tables where table_schema = database() and table_name = ?',
        [table],
      );
  }
}

function* hasSchema(schema: string): Script<boolean> {
  const { rows }: { rows: readonly Row[] } = yield statement(
    'select 1 as found where to_regnamespace($1) is not null',
    [schema],
  );
  return rows.length > 0;
}

function statement(sql: string, parameters: readonly unknown[] = []): Statement {
  return { sql, parameters, isFixed: false };
}

function tooNew(version: number, options: TablePlace): StoreError {
  return new StoreError(
    `The tables ${options.prefix}* have schema version ${version}, and this release of Posthorn knows versions up to ${SCHEMA_VERSION}: ` +
      'a newer release has migrated them. Install that one here, too.',
    { code: 'schema_mismatch' },
  );
}

function tooOld(version: number, { dialect, prefix, schema }: MigrateOptions): StoreError {
  const place = [
    ...(prefix === DEFAULT_PREFIX ? [] : [`prefix: '${prefix}'`]),
    ...(schema === undefined ? [] : [`schema: '${schema}'`]),
    ...(version === 0 ? [] : [`from: ${version}`]),
  ];
  const call = `sqlSchema('${dialect}'${place.length === 0 ? '' : `, { ${place.join(', ')} }`})`;
  const what =
    version === 0
      ? `There are no tables ${prefix}* of schema version ${SCHEMA_VERSION}`
      : `The tables ${prefix}* have schema version ${version}, and this release of Posthorn needs ${SCHEMA_VERSION}`;
  return new StoreError(`${what}. Run the SQL of ${call}, or leave out autoMigrate: false.`, {
    code: 'schema_mismatch',
  });
}
