/** RemoteDevAI cloud: the whole service on PostgreSQL, what its environment does, and its REST API. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createPool } from '../../examples/remotedev-cloud/database.ts';
import { startServer } from '../../examples/remotedev-cloud/server.ts';
import { readSettings } from '../../examples/remotedev-cloud/settings.ts';
import { createWebhooks } from '../../examples/remotedev-cloud/webhooks.ts';
import { createReceiver } from '../../src/listener/recording-receiver.ts';
import { call, createWebhook, LOCAL, startCloud, USERS } from '../support/cloud.ts';
import { createPostgresDatabase, needPostgres } from '../support/postgres-database.ts';
import { shows } from './rows.ts';

needPostgres();

const [ALICE, BOB] = USERS;
/** Making databases takes most of it. */
const LIMIT = { timeout: 60_000 };
const WAIT = { timeoutMs: 30_000 };

describe('the server of RemoteDevAI', LIMIT, () => {
  it(
    'starts its worker with itself, and asks no Redis',
    shows('remotedev-cloud', 'environment'),
    async () => {
      await using database = await createPostgresDatabase();
      await using receiver = await createReceiver();
      let redisConnections = 0;
      const redis = createServer((socket) => {
        redisConnections += 1;
        socket.destroy();
      });
      await new Promise<void>((resolve) => redis.listen(0, '127.0.0.1', resolve));
      // What another process stored, which sends nothing, waits for a worker.
      const environment = { ...LOCAL, DATABASE_URL: database.url, PORT: '0' };
      const pool = createPool(database.url);
      const storing = createWebhooks(pool, readSettings(environment), { deliver: false });
      await storing.endpoints.create({ url: receiver.url, tenant: ALICE.id });
      await storing.emit('session.started', { title: 'Waiting' }, { tenant: ALICE.id });

      const server = await startServer({
        ...environment,
        REDIS_HOST: '127.0.0.1',
        REDIS_PORT: String((redis.address() as AddressInfo).port),
      });
      const [request] = await receiver.waitFor(1, WAIT);
      expect(request!.json()).toMatchObject({ type: 'session.started', data: { title: 'Waiting' } });
      await server.stop();
      await expect(fetch(server.url)).rejects.toThrow();
      expect(redisConnections).toBe(0);
      await storing.stop();
      await pool.end();
      await new Promise((resolve) => redis.close(resolve));
    },
  );

  it('keeps secrets encrypted in its database', shows('remotedev-cloud', 'secret'), async () => {
    await using database = await createPostgresDatabase();
    const pool = createPool(database.url);
    const settings = readSettings({ ...LOCAL, DATABASE_URL: database.url });
    const webhooks = createWebhooks(pool, settings, { deliver: false });
    const { id, secret } = await webhooks.endpoints.create({ url: 'https://example.com/hooks' });
    await webhooks.stop();
    const { rows } = await pool.query<{ row: string }>('select e::text as row from posthorn_endpoints e');
    await pool.end();
    expect(rows).toHaveLength(1);
    expect(rows[0]!.row).toContain(id);
    expect(rows[0]!.row).not.toContain(secret);
  });

  it(
    'lets users in by their keys, each to their own webhooks',
    shows('remotedev-cloud', 'rest', 'tenants'),
    async () => {
      await using cloud = await startCloud();
      const { origin } = cloud;
      const id = await createWebhook(cloud, ALICE);
      expect(await call(origin, ALICE, 'GET', `/webhooks/${id}`)).toMatchObject({ status: 200 });
      expect(await call(origin, BOB, 'GET', `/webhooks/${id}`)).toMatchObject({ status: 404 });
      expect(await call(origin, BOB, 'GET', '/webhooks')).toMatchObject({ status: 200, body: { data: [] } });
      expect(await call(origin, { key: 'key-of-nobody-0123456789' }, 'GET', '/webhooks')).toMatchObject({
        status: 401,
      });
      const types = await call(origin, BOB, 'GET', '/webhooks/event-types');
      expect(types.body.data).toHaveLength(23);
      const typo = { url: cloud.harness.receiver.url, events: ['project.creatd'] };
      expect(await call(origin, ALICE, 'POST', '/webhooks', typo)).toMatchObject({
        status: 422,
        body: { error: { field: 'events[0]' } },
      });
    },
  );

  it('tells why a delivery failed', shows('remotedev-cloud', 'rest'), async () => {
    await using cloud = await startCloud();
    const { origin, harness, service } = cloud;
    harness.receiver.reply({ status: 503, body: 'closed for the night' });
    const id = await createWebhook(cloud, ALICE);
    await service.triggerEvent({ eventType: 'session.started', userId: ALICE.id, data: {} });
    await harness.advance(0);
    const listed = await call(origin, ALICE, 'GET', `/webhooks/${id}/deliveries`);
    expect(listed.body.data).toMatchObject([{ state: 'scheduled', attempts: 1, reason: 'http_status' }]);
    const [delivery] = listed.body.data as unknown as readonly { readonly id: string }[];
    expect(
      (await call(origin, ALICE, 'GET', `/webhooks/deliveries/${delivery!.id}`)).body.data,
    ).toMatchObject({
      attempt_log: [
        { attempt: 1, detail: 'HTTP 503', response: { status: 503, body: 'closed for the night' } },
      ],
    });
    expect(await call(origin, BOB, 'GET', `/webhooks/deliveries/${delivery!.id}`)).toMatchObject({
      status: 404,
    });
  });
});
