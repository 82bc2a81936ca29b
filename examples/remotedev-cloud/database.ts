/** What the service itself keeps in PostgreSQL: users with their API keys, and projects. */
import { createHash } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';

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
  { name, description }: { readonly name: string; readonly description?: string | undefined },
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
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

export function digestOf(apiKey: string): string {
  return createHash('sha256').update(apiKey).digest('hex');
}
