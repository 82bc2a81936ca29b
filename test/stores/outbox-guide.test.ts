/** The programs of the guide to the outbox, run as they are pasted, with the address of a real database in place of theirs. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { postgresUrl } from '../support/ask-setup.ts';
import { runProgram } from '../support/child.ts';
import { mysqlServerUrl } from '../support/database-servers.ts';
import { programWith, toJavaScript } from '../support/guide-program.ts';
import { reachable } from '../support/store-places.ts';

const TIMEOUT_MS = 60_000;
const TABLE = 'create table orders (id varchar(100) primary key, total int)';

const ON_POSTGRES: readonly (readonly [string, string])[] = [
  ['Kysely', 'dialect: new PostgresDialect'],
  ['pg', `client.query('insert into orders`],
  ['Drizzle', 'drizzle(pool)'],
  ['Knex', `client: 'pg'`],
  ['TypeORM', 'new DataSource('],
];
const ON_MARIADB: readonly (readonly [string, string])[] = [
  ['mysql2', 'connection.beginTransaction()'],
  ['Knex', `client: 'mysql2'`],
];

/** Nobody delivers, so that the message stays as it was stored. Connections that the program leaves open end with it. */
function prepare(program: string, url: string): string {
  return `${program
    .replaceAll(/(["'])(?:postgres|mysql):\/\/localhost\/shop\1/g, JSON.stringify(url))
    .replace('new WebhookDispatcher({ ', 'new WebhookDispatcher({ deliver: false, ')}
const { items } = await dispatcher.messages.list();
console.log(JSON.stringify(items.map(({ type, data }) => [type, data])));
process.exit(0);`;
}

async function run(program: string, signal: AbortSignal): Promise<unknown> {
  const { code, stdout, stderr } = await runProgram(toJavaScript(program), signal);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

const STORED = [['order.placed', { orderId: '42' }]];

describe('on PostgreSQL', () => {
  it.each(ON_POSTGRES)(
    '%s stores the order and the message in one transaction',
    { timeout: TIMEOUT_MS },
    async (_, text) => {
      const name = `posthorn_test_${randomUUID().replaceAll('-', '')}`;
      const server = await postgresUrl();
      const admin = new pg.Client({ connectionString: server });
      await admin.connect();
      await admin.query(`create database ${name}`);
      const url = new URL(server);
      url.pathname = `/${name}`;
      const client = new pg.Client({ connectionString: url.href });
      try {
        await client.connect();
        await client.query(TABLE);
        const stored = await run(
          prepare(programWith('outbox', 'ts', text), url.href),
          AbortSignal.timeout(TIMEOUT_MS),
        );
        expect(stored).toEqual(STORED);
        const { rows } = await client.query(
          `select (select id from orders), (select xmin::text from orders) = (select xmin::text from posthorn_messages) as is_one`,
        );
        expect(rows).toEqual([{ id: '42', is_one: true }]);
      } finally {
        await client.end();
        await admin.query(`drop database ${name} with (force)`);
        await admin.end();
      }
    },
  );
});

describe.each(reachable('mariadb'))('on %s', () => {
  it.each(ON_MARIADB)('%s stores the order and the message', { timeout: TIMEOUT_MS }, async (_, text) => {
    const name = `posthorn_test_${randomUUID().replaceAll('-', '')}`;
    const url = new URL(mysqlServerUrl()!);
    const connection = await mysql.createConnection(url.href);
    await connection.query(`create database ${name}`);
    url.pathname = `/${name}`;
    try {
      await connection.query(`use ${name}`);
      await connection.query(TABLE);
      const stored = await run(
        prepare(programWith('outbox', 'ts', text), url.href),
        AbortSignal.timeout(TIMEOUT_MS),
      );
      expect(stored).toEqual(STORED);
      const [rows] = await connection.query('select id from orders');
      expect(rows).toEqual([{ id: '42' }]);
    } finally {
      await connection.query(`drop database ${name}`);
      await connection.end();
    }
  });
});

describe('on SQLite', () => {
  it('libsql stores the order and the message', { timeout: TIMEOUT_MS }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'posthorn-'));
    try {
      const program = programWith('outbox', 'ts', `from 'libsql'`)
        .replace(`'./shop.db'`, JSON.stringify(join(folder, 'shop.db')))
        .replace(/^const dispatcher/m, `db.exec(${JSON.stringify(TABLE)});\n$&`);
      expect(await run(prepare(program, ''), AbortSignal.timeout(TIMEOUT_MS))).toEqual(STORED);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
