/** What goes wrong at the service of remotedev-cloud, and must not end it. */
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type pg from 'pg';
import { describe, expect, it, vi } from 'vitest';
import { createPool, createUser, inTransaction } from '../../examples/remotedev-cloud/database.ts';
import { type RunningServer, startServer } from '../../examples/remotedev-cloud/server.ts';
import { readSettings } from '../../examples/remotedev-cloud/settings.ts';
import { LOCAL, USERS } from '../support/cloud.ts';
import { createPostgresDatabase, needPostgres } from '../support/postgres-database.ts';

needPostgres();

const [ALICE] = USERS;
const AUTHORIZED = { authorization: `Bearer ${ALICE.key}`, 'content-type': 'application/json' };
/** Making databases takes most of it. */
const LIMIT = { timeout: 60_000 };

interface Service extends AsyncDisposable {
  readonly server: RunningServer;
  /** Not one of its own. */
  readonly pool: pg.Pool;
  post(body: string, headers?: Record<string, string>): Promise<Response>;
}

async function startService(): Promise<Service> {
  const database = await createPostgresDatabase();
  const server = await startServer({ ...LOCAL, DATABASE_URL: database.url, PORT: '0' });
  const pool = createPool(database.url);
  await createUser(pool, ALICE, ALICE.key);
  return {
    server,
    pool,
    post: (body, headers = AUTHORIZED) =>
      fetch(`${server.url}/api/projects`, { method: 'POST', headers, body }),
    async [Symbol.asyncDispose]() {
      await server.stop();
      await pool.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

describe('the service of RemoteDevAI', LIMIT, () => {
  it('answers what it cannot read in its own words, and knows who asks first', async () => {
    await using service = await startService();
    for (const [body, status, field] of [
      ['{', 400, 'JSON'],
      ['5', 400, 'JSON'],
      ['{}', 422, 'name: '],
      ['[]', 422, 'body: '],
      ['{"name":""}', 422, 'name: '],
      ['{"name":"a\\u0000b"}', 422, 'name: '],
      ['{"name":"a","description":5}', 422, 'description: '],
    ] as const) {
      const response = await service.post(body);
      expect([body, response.status]).toEqual([body, status]);
      expect(((await response.json()) as { error: string }).error).toContain(field);
    }
    const stranger = await service.post('{', { 'content-type': 'application/json' });
    expect(stranger.status).toBe(401);
    expect(await stranger.json()).toEqual({ error: 'Who are you?' });
    expect(new URL(service.server.url).hostname).toBe('127.0.0.1');
  });

  it('outlives a connection that PostgreSQL ends in the middle of a request', async () => {
    vi.spyOn(console, 'error').mockReturnValue();
    await using service = await startService();
    const { pool, post } = service;
    await inTransaction(pool, async (client) => {
      await client.query('lock table projects');
      const answer = post('{"name":"Unlucky"}');
      await vi.waitUntil(async () => {
        const { rows } = await pool.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where wait_event_type = 'Lock' and query like 'insert into projects%'`,
        );
        return rows.length === 1;
      });
      const response = await answer;
      expect(response.status).toBe(500);
      expect(await response.json()).toEqual({ error: 'Something went wrong here.' });
    });
    expect((await post('{"name":"Lucky"}')).status).toBe(201);
  });

  it('tells the first error when the rollback fails as well', async () => {
    await using service = await startService();
    const { pool } = service;
    vi.spyOn(console, 'error').mockReturnValue();
    const failing = inTransaction(pool, async (client) => {
      await client.query('select pg_terminate_backend(pg_backend_pid())').catch(() => undefined);
      throw new Error('the first');
    });
    await expect(failing).rejects.toThrow('the first');
    expect(await inTransaction(pool, () => Promise.resolve('well'))).toBe('well');
  });

  it('lets a request in flight end before it stops', async () => {
    await using service = await startService();
    const { server, pool } = service;
    const request = httpRequest(`${server.url}/api/projects`, { method: 'POST', headers: AUTHORIZED });
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    const stopped = await inTransaction(pool, async (client) => {
      await client.query('lock table projects');
      request.end('{"name":"Last"}');
      await vi.waitUntil(async () => {
        const { rows } = await pool.query(
          `select from pg_stat_activity where wait_event_type = 'Lock' and query like 'insert into projects%'`,
        );
        return rows.length === 1;
      });
      return { promise: server.stop() };
    });
    const [response] = await answered;
    expect([response.statusCode, await text(response)]).toEqual([201, expect.stringContaining('"Last"')]);
    await stopped.promise;
    const { rows } = await pool.query('select from posthorn_messages');
    expect(rows).toHaveLength(1);
  });

  it.each(['1000,', 'soon', '1000,-1', ','])('refuses %j as waits between attempts', (delays) => {
    const environment = { DATABASE_URL: 'postgres://not.used', WEBHOOK_RETRY_DELAYS_MS: delays };
    expect(() => readSettings(environment)).toThrow('WEBHOOK_RETRY_DELAYS_MS: expected a whole number');
  });
});
