/** A PostgreSQL database of one test. Disposing of it removes it, whoever is still connected. */
import pg from 'pg';
import { beforeAll } from 'vitest';
import { postgresUrl } from './ask-setup.ts';
import { uniqueName } from './sql-stores.ts';

export interface PostgresDatabase extends AsyncDisposable {
  readonly url: string;
}

const START_TIMEOUT_MS = 60_000;

/** To be called once in a test file, so that no test of it waits for a server that has to be started first. */
export function needPostgres(): void {
  beforeAll(postgresUrl, START_TIMEOUT_MS);
}

export async function createPostgresDatabase(): Promise<PostgresDatabase> {
  const server = await postgresUrl();
  const name = uniqueName();
  const url = new URL(server);
  url.pathname = `/${name}`;
  await runOn(server, `create database ${name}`);
  return {
    url: url.href,
    [Symbol.asyncDispose]: () => runOn(server, `drop database ${name} with (force)`),
  };
}

async function runOn(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
