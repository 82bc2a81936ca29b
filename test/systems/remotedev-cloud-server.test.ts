/** RemoteDevAI cloud: the whole service on PostgreSQL, its REST API, its numbers, and what a kill leaves of it. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import {
  createTables,
  createUser,
  inTransaction,
  insertProject,
} from '../../examples/remotedev-cloud/database.ts';
import { Metrics } from '../../examples/remotedev-cloud/metrics.ts';
import { startServer } from '../../examples/remotedev-cloud/server.ts';
import { ServerProcess } from '../../examples/remotedev-cloud/server-process.ts';
import { readSettings } from '../../examples/remotedev-cloud/settings.ts';
import { createWebhooks } from '../../examples/remotedev-cloud/webhooks.ts';
import { createReceiver } from '../../src/listener/recording-receiver.ts';
import { type Cloud, LOCAL, startCloud, USERS } from '../support/cloud.ts';
import { createPostgresDatabase, needPostgres } from '../support/postgres-database.ts';
import { shows } from './rows.ts';

needPostgres();

const [ALICE, BOB] = USERS;
/** Making databases takes most of it; where it is a process, starting it from sources. */
const LIMIT = { timeout: 60_000 };
const WAIT = { timeoutMs: 30_000 };

interface Answer {
  readonly status: number;
  readonly body: { readonly data: Readonly<Record<string, unknown>> };
}

async function call(
  origin: string,
  { key }: { readonly key: string },
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const response = await fetch(`${origin}/api${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

async function createWebhook({ origin, harness }: Cloud, user: { id: string; key: string }): Promise<string> {
  const url = harness.receiver.urlOf(`/${user.id}`);
  const { body } = await call(origin, user, 'POST', '/webhooks', { url, events: ['session.*'] });
  return body.data['id'] as string;
}

async function readMetrics(origin: string): Promise<Metrics> {
  const response = await fetch(`${origin}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  return new Metrics(await response.text());
}

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
      const pool = new pg.Pool({ connectionString: database.url });
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
    const pool = new pg.Pool({ connectionString: database.url });
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

describe('numbers of RemoteDevAI', LIMIT, () => {
  it('are those of the queue of each user', shows('remotedev-cloud', 'queue-statistics'), async () => {
    await using cloud = await startCloud({ WEBHOOK_RETRY_DELAYS_MS: '60000' });
    const { origin, harness, service } = cloud;
    for (const user of USERS) await createWebhook(cloud, user);
    const trigger = (userId: string): Promise<unknown> =>
      service.triggerEvent({ eventType: 'session.started', userId, data: {} });
    await trigger(ALICE.id);
    await harness.advance(0);
    harness.receiver.on(`/${ALICE.id}`).always(500);
    await trigger(ALICE.id);
    await harness.advance(60_000);
    await trigger(ALICE.id);
    await trigger(BOB.id);
    await harness.advance(0);
    const [alice, bob] = await Promise.all(
      USERS.map((user) => call(origin, user, 'GET', '/webhooks/queue/stats')),
    );
    expect(alice!.body.data).toMatchObject({
      total_deliveries: 2,
      successful_deliveries: 1,
      failed_deliveries: 1,
      retry_queue_size: 1,
      pending_deliveries: 1,
      success_rate: 0.5,
      by_state: { succeeded: 1, exhausted: 1, scheduled: 1 },
    });
    expect(bob!.body.data).toMatchObject({ total_deliveries: 1, pending_deliveries: 0, success_rate: 1 });
  });

  it(
    'are read by Prometheus: success and latency',
    shows('remotedev-cloud', 'queue-statistics'),
    async () => {
      await using cloud = await startCloud({ WEBHOOK_RETRY_DELAYS_MS: '60000' });
      const { origin, harness, service } = cloud;
      for (const user of USERS) await createWebhook(cloud, user);
      harness.receiver.on(`/${BOB.id}`).always(500);
      harness.receiver.hold();
      for (const { id: userId } of USERS)
        await service.triggerEvent({ eventType: 'session.started', userId, data: {} });
      await harness.receiver.waitFor(2, WAIT);
      await harness.advance(700);
      harness.receiver.release();
      await harness.advance(60_000);
      const metrics = await readMetrics(origin);
      expect(metrics.successRate).toBe(0.5);
      const type = { event_type: 'session.started' };
      expect(metrics.sum('posthorn_attempts_total', { ...type, outcome: 'delivered' })).toBe(1);
      expect(metrics.sum('posthorn_attempts_total', { ...type, outcome: 'failed' })).toBe(2);
      expect(metrics.sum('posthorn_attempt_duration_seconds_sum', { outcome: 'delivered' })).toBeCloseTo(0.7);
      expect([metrics.latencyUnder(0.1), metrics.latencyUnder(0.9)]).toEqual([0.005, 1]);
      expect(metrics.sum('posthorn_deliveries', { state: 'exhausted' })).toBe(1);
      expect(metrics.sum('posthorn_deliveries_pending')).toBe(0);
    },
  );

  it('raise an alert when much fails', shows('remotedev-cloud', 'queue-statistics'), async () => {
    await using cloud = await startCloud();
    const { harness, service } = cloud;
    const alerts: string[] = [];
    harness.dispatcher.on('alert.raised', ({ alert }) => void alerts.push(alert));
    await createWebhook(cloud, ALICE);
    harness.receiver.reply(...Array.from({ length: 3 }, () => 500));
    for (let n = 0; n < 30; n += 1)
      await service.triggerEvent({ eventType: 'session.message', userId: ALICE.id, data: { n } });
    await harness.advance(60_000);
    expect(alerts).toEqual(['success_rate']);
  });
});

describe('what RemoteDevAI cannot lose', LIMIT, () => {
  it('is tried again, of one webhook or of all', shows('remotedev-cloud', 'weaknesses', 'rest'), async () => {
    await using cloud = await startCloud({ WEBHOOK_RETRY_DELAYS_MS: '1000' });
    const { origin, harness, service } = cloud;
    const first = await createWebhook(cloud, ALICE);
    await createWebhook(cloud, ALICE);
    await createWebhook(cloud, BOB);
    harness.receiver.always(500);
    for (const { id: userId } of USERS)
      await service.triggerEvent({ eventType: 'session.ended', userId, data: {} });
    await harness.advance(1_000);
    expect(harness.receiver.received).toBe(6);
    harness.receiver.always(200);
    const retry = (body?: object): Promise<Answer> =>
      call(origin, ALICE, 'POST', '/webhooks/queue/retry-failed', body);
    expect(await retry({ webhookId: first })).toMatchObject({ status: 202, body: { data: { retried: 1 } } });
    await harness.advance(0);
    expect(await retry()).toMatchObject({ status: 202, body: { data: { retried: 1 } } });
    await harness.advance(0);
    expect(harness.receiver.received).toBe(8);
    // What belongs to Bob is not hers to retry.
    const { byState } = await harness.dispatcher.stats();
    expect(byState).toMatchObject({ succeeded: 2, exhausted: 1 });
  });

  it('is stored with the project, or not at all', shows('remotedev-cloud', 'weaknesses'), async () => {
    await using cloud = await startCloud();
    const { pool, origin, harness, service } = cloud;
    const url = harness.receiver.urlOf('/projects');
    await call(origin, ALICE, 'POST', '/webhooks', { url, events: ['project.*'] });
    const failing = inTransaction(pool, async (client) => {
      const { id, name } = await insertProject(client, ALICE, { name: 'Never' });
      const transaction = (sql: string, parameters: readonly unknown[]): Promise<unknown> =>
        client.query(sql, [...parameters]);
      await service.triggerEvent({
        eventType: 'project.created',
        userId: ALICE.id,
        data: { id, name },
        transaction,
      });
      throw new Error('the disk is full');
    });
    await expect(failing).rejects.toThrow('the disk is full');
    expect(await call(origin, ALICE, 'POST', '/projects', { name: 'Test Project' })).toMatchObject({
      status: 201,
    });
    await harness.receiver.waitFor(1, WAIT);
    await harness.advance(0);
    const names = harness.receiver.requests.map(
      (request) => (request.json() as { data: { name: string } }).data.name,
    );
    expect(names).toEqual(['Test Project']);
    expect((await harness.dispatcher.messages.list()).items).toHaveLength(1);
  });

  it('survives a kill of the server', shows('remotedev-cloud', 'weaknesses'), async () => {
    await using database = await createPostgresDatabase();
    await using receiver = await createReceiver();
    const pool = new pg.Pool({ connectionString: database.url });
    await createTables(pool);
    await createUser(pool, ALICE, ALICE.key);
    await pool.end();
    const environment = { ...LOCAL, DATABASE_URL: database.url, PORT: '0', WEBHOOK_LEASE_MS: '1000' };
    const first = await ServerProcess.start(environment);
    await call(first.url, ALICE, 'POST', '/webhooks', { url: receiver.url, events: ['project.created'] });
    receiver.reply({ hold: true });
    await call(first.url, ALICE, 'POST', '/projects', { name: 'Half sent' });
    await receiver.waitFor(1, WAIT);
    await first.kill();
    const second = await ServerProcess.start(environment);
    const [before, after] = await receiver.waitFor(2, WAIT);
    expect(after!.text).toBe(before!.text);
    const stats = async (): Promise<unknown> =>
      (await call(second.url, ALICE, 'GET', '/webhooks/queue/stats')).body.data['by_state'];
    await expect.poll(stats, { timeout: 30_000 }).toMatchObject({ succeeded: 1, sending: 0, scheduled: 0 });
    await second.stop();
  });
});
