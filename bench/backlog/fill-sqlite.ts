import Libsql from 'libsql';
import { type Backlog, backlogStatements, countUntouched, FILLED_TABLES } from './backlog-rows.ts';

/** Stores a backlog in a SQLite file that nobody has open. The tables are there, without messages. */
export function fillSqlite(path: string, backlog: Backlog): void {
  const database = new Libsql(path);
  try {
    // Until it ends, a crash may break the file: it is made anew then.
    database.exec('pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -262144');
    const indexes = readIndexes(database);
    for (const { name } of indexes) database.exec(`drop index ${name}`);
    for (const sql of backlogStatements(backlog, 'lower(hex(randomblob(11)))', Date.now()))
      database.exec(sql);
    for (const { sql } of indexes) database.exec(sql);
    database.exec('analyze; pragma journal_mode = wal');
  } finally {
    database.close();
  }
}

/** How many deliveries of a backlog are as they were stored. */
export function countUntouchedSqlite(path: string, backlog: Backlog): number {
  const database = new Libsql(path);
  try {
    return (database.prepare(countUntouched(backlog)).get() as { waiting: number }).waiting;
  } finally {
    database.close();
  }
}

interface Index {
  readonly name: string;
  readonly sql: string;
}

/** Made again afterwards, they cost a fraction of what keeping them costs at each row. */
function readIndexes(database: InstanceType<typeof Libsql>): readonly Index[] {
  const tables = FILLED_TABLES.map((table) => `'${table}'`).join(', ');
  return database
    .prepare(
      `select name, sql from sqlite_master where type = 'index' and sql is not null and tbl_name in (${tables})`,
    )
    .all() as Index[];
}
