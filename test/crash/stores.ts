import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import pg from 'pg';
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
      const location = serverUrl('POSTHORN_TEST_POSTGRES_URL');
      return { order: { kind, location, name }, remove: () => dropSchema(location, name) };
    }
    case 'mariadb': {
      const url = new URL(serverUrl('POSTHORN_TEST_MYSQL_URL'));
      const server = url.href;
      await onMysql(server, `create database ${name}`);
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
  if (kind === 'postgres') return process.env['POSTHORN_TEST_POSTGRES_URL'] !== undefined;
  if (kind === 'mariadb') return process.env['POSTHORN_TEST_MYSQL_URL'] !== undefined;
  return true;
}

function serverUrl(variable: string): string {
  const url = process.env[variable];
  if (url === undefined) throw new Error(`${variable} is not set.`);
  return url;
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
