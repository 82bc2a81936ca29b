import pg from 'pg';
import { type Backlog, backlogStatements, countUntouched, FILLED_TABLES } from './backlog-rows.ts';

/** Stores a backlog in a PostgreSQL database. The tables are there, without messages. */
export function fillPostgres(url: string, backlog: Backlog): Promise<void> {
  return withClient(url, async (client) => {
    await client.query(
      `set synchronous_commit = off; set maintenance_work_mem = '256MB'; set work_mem = '64MB'`,
    );
    const indexes = await readIndexes(client);
    for (const { name } of indexes) await client.query(`drop index ${name}`);
    for (const sql of backlogStatements(backlog, `md5(random()::text)`, Date.now())) await client.query(sql);
    for (const { sql } of indexes) await client.query(sql);
    // Now, so that it is not done while somebody measures.
    await client.query('vacuum (analyze)');
    await client.query('checkpoint');
  });
}

/** How many deliveries of a backlog are as they were stored. */
export function countUntouchedPostgres(url: string, backlog: Backlog): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ waiting: string }>(countUntouched(backlog));
    return Number(rows[0]!.waiting);
  });
}

interface Index {
  readonly name: string;
  readonly sql: string;
}

/** Made again afterwards, they cost a fraction of what keeping them costs at each row. The primary keys stay. */
async function readIndexes(client: pg.Client): Promise<readonly Index[]> {
  const { rows } = await client.query<Index>(
    `select indexname as name, indexdef as sql from pg_indexes
     where tablename = any($1) and schemaname = current_schema() and indexname not like '%_pkey'`,
    [FILLED_TABLES],
  );
  return rows;
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
