import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { askSetup, postgresUrl } from './ask-setup.ts';
import { mysqlServerUrl } from './database-servers.ts';
import type { StoreKind, StoreLocation } from './open-store.ts';

/** An empty place for a store. Disposing of it removes it. */
export interface StorePlace extends AsyncDisposable {
  readonly location: StoreLocation;
}

/** Those of the given kinds that this run can reach, for `describe.each`. */
export function reachable<Kind extends StoreKind>(...kinds: readonly Kind[]): readonly Kind[] {
  return kinds.filter((kind) => kind !== 'mariadb' || mysqlServerUrl() !== undefined);
}

export async function createPlace(kind: StoreKind): Promise<StorePlace> {
  const name = `posthorn_test_${randomUUID().replaceAll('-', '')}`;
  switch (kind) {
    case 'file':
    case 'sqlite': {
      if (kind === 'sqlite') await askSetup('workerPort');
      const folder = mkdtempSync(join(tmpdir(), 'posthorn-'));
      const url = join(folder, kind === 'file' ? 'webhooks' : 'webhooks.db');
      return {
        location: { kind, url, schema: undefined },
        [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
      };
    }
    case 'postgres': {
      const url = await postgresUrl();
      await onPostgres(url, `create schema ${name}`);
      return {
        location: { kind, url, schema: name },
        [Symbol.asyncDispose]: () => onPostgres(url, `drop schema ${name} cascade`),
      };
    }
    case 'mariadb': {
      const server = mysqlServerUrl()!;
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
