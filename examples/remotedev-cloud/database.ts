/** What the service itself keeps in PostgreSQL: users with their API keys, and projects. */
import { createHash } from 'node:crypto';
import pg, { type Pool, type PoolClient } from 'pg';

export interface User {
  readonly id: string;
  readonly name: string;
}

export interface Project {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly createdAt: Date;
}

/** A connection that is lost fails the queries on it, and nothing else: the next query gets a new one. */
export function createPool(connectionString: string): Pool {
  const pool = new pg.Pool({ connectionString });
  const log = (error: Error): void => console.error(`database: ${error.message}`);
  pool.on('error', log);
  // The pool itself listens only while nobody uses the connection.
  pool.on('connect', (client) => client.on('error', log));
  return pool;
}

/** Any time, by any number of processes. */
export async function createTables(pool: Pool): Promise<void> {
  await inTransaction(pool, async (client) => {
    // Processes that start together make them one after the other.
    await client.query('select pg_advisory_xact_lock(7341)');
    await client.query(`create table if not exists users (
      id text primary key, name text not null, api_key_sha256 text not null unique)`);
    await client.query(`create table if not exists projects (
      id text primary key default gen_random_uuid(), user_id text not null references users,
      name text not null, description text, created_at timestamptz not null default now())`);
  });
}

/** Only a digest of the key is kept. */
export async function createUser(pool: Pool, { id, name }: User, apiKey: string): Promise<void> {
  await pool.query('insert into users (id, name, api_key_sha256) values ($1, $2, $3)', [
    id,
    name,
    digestOf(apiKey),
  ]);
}

export async function findUser(pool: Pool, keySha256: string): Promise<User | undefined> {
  const { rows } = await pool.query<User>('select id, name from users where api_key_sha256 = $1', [
    keySha256,
  ]);
  return rows[0];
}

export async function insertProject(
  client: Pick<PoolClient, 'query'>,
  user: User,
  { name, description }: { readonly name: string; readonly description?: string | null | undefined },
): Promise<Project> {
  const { rows } = await client.query<Project>(
    `insert into projects (user_id, name, description) values ($1, $2, $3)
     returning id, name, description, created_at as "createdAt"`,
    [user.id, name, description ?? null],
  );
  return rows[0]!;
}

/** All of it, or nothing. */
export async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    // What fails here as well is the connection: it is not used again, and the first error says why.
    await client.query('rollback').catch((failure: Error) => (broken = failure));
    throw error;
  } finally {
    client.release(broken);
  }
}

export function digestOf(apiKey: string): string {
  return createHash('sha256').update(apiKey).digest('hex');
}
