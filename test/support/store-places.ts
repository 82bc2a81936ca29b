import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { sqlStore, type SqlStoreOptions } from '../../src/store/sql/index.ts';
import type { Store } from '../../src/store/store.ts';

export type StoreKind = 'file' | 'sqlite' | 'postgres' | 'mariadb';
/** Stores on a database of the application. */
export type DatabaseKind = Exclude<StoreKind, 'file'>;

/** Where a store keeps its data; plain data, so that other processes can be told. */
export interface StoreLocation {
  readonly kind: StoreKind;
  /** A folder, a file, or the URL of a database. */
  readonly url: string;
  /** Postgres: the schema of the tables. */
  readonly schema: string | undefined;
}

/** An empty place for a store. Disposing of it removes it. */
export interface StorePlace extends AsyncDisposable {
  readonly location: StoreLocation;
}

/** Those of the given kinds that this run can reach, for `describe.each`. */
export function reachable<Kind extends StoreKind>(...kinds: readonly Kind[]): readonly Kind[] {
  const isReachable: Readonly<Record<StoreKind, boolean>> = {
    file: false,
    sqlite: true,
    postgres: process.env['POSTHORN_TEST_POSTGRES_URL'] !== undefined,
    mariadb: process.env['POSTHORN_TEST_MYSQL_URL'] !== undefined,
  };
  return kinds.filter((kind) => isReachable[kind]);
}

export async function createPlace(kind: StoreKind): Promise<StorePlace> {
  const name = `posthorn_test_${randomUUID().replaceAll('-', '')}`;
  switch (kind) {
    case 'file':
    case 'sqlite': {
      const folder = mkdtempSync(join(tmpdir(), 'posthorn-'));
      const url = join(folder, kind === 'file' ? 'webhooks' : 'webhooks.db');
      return {
        location: { kind, url, schema: undefined },
        [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
      };
    }
    case 'postgres': {
      const url = process.env['POSTHORN_TEST_POSTGRES_URL']!;
      await onPostgres(url, `create schema ${name}`);
      return {
        location: { kind, url, schema: name },
        [Symbol.asyncDispose]: () => onPostgres(url, `drop schema ${name} cascade`),
      };
    }
    case 'mariadb': {
      const server = process.env['POSTHORN_TEST_MYSQL_URL']!;
      await onMysql(server, `create database ${name}`);
      const url = new URL(server);
      url.pathname = `/${name}`;
      return {
        location: { kind, url: url.href, schema: undefined },
        [Symbol.asyncDispose]: () => onMysql(server, `drop database ${name}`),
      };
    }
  }
}

/** A store on a place, not opened. */
export function openStore({ url, schema }: StoreLocation, options: SqlStoreOptions = {}): Store {
  return sqlStore(url, schema === undefined ? options : { ...options, schema });
}

async function onPostgres(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function onMysql(url: string, sql: string): Promise<void> {
  const connection = await mysql.createConnection(url);
  try {
    await connection.query(sql);
  } finally {
    await connection.end();
  }
}
