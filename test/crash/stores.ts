import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { MYSQL_VARIABLE, mysqlServerUrl, POSTGRES_VARIABLE } from '../support/database-servers.ts';
import type { StoreKind, StoreOrder } from './windows.ts';

/** A place for the data of one round. */
export interface Place {
  readonly order: StoreOrder;
  remove(): Promise<void>;
}

/** Makes an empty place. Servers are those that the environment names. */
export async function createPlace(kind: StoreKind): Promise<Place> {
  const name = `posthorn_test_${randomUUID().replaceAll('-', '')}`;
  switch (kind) {
    case 'file':
    case 'sqlite': {
      const folder = mkdtempSync(join(tmpdir(), 'posthorn-crash-'));
      const location = kind === 'file' ? join(folder, 'webhooks') : join(folder, 'webhooks.db');
      return { order: { kind, location, name }, remove: async () => rmSync(folder, { recursive: true }) };
    }
    case 'postgres': {
      const location = process.env[POSTGRES_VARIABLE];
      if (location === undefined) throw new Error(`${POSTGRES_VARIABLE} is not set.`);
      return { order: { kind, location, name }, remove: () => dropSchema(location, name) };
    }
    case 'mariadb': {
      const server = mysqlServerUrl();
      if (server === undefined) throw new Error(`${MYSQL_VARIABLE} is not set.`);
      await onMysql(server, `create database ${name}`);
      const url = new URL(server);
      url.pathname = `/${name}`;
      return {
        order: { kind, location: url.href, name },
        remove: () => onMysql(server, `drop database ${name}`),
      };
    }
  }
}

/** True when the store can be reached in this run. */
export function isReachable(kind: StoreKind): boolean {
  if (kind === 'postgres') return process.env[POSTGRES_VARIABLE] !== undefined;
  if (kind === 'mariadb') return mysqlServerUrl() !== undefined;
  return true;
}

async function dropSchema(url: string, schema: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`drop schema if exists ${schema} cascade`);
  await client.end();
}

async function onMysql(url: string, sql: string): Promise<void> {
  const connection = await mysql.createConnection(url);
  await connection.query(sql);
  await connection.end();
}
