/** RemoteDevAI cloud: what failed is tried again, an event is stored with its project, and a kill loses nothing. */
import { describe, expect, it } from 'vitest';
import {
  createPool,
  createTables,
  createUser,
  inTransaction,
  insertProject,
} from '../../examples/remotedev-cloud/database.ts';
import { ServerProcess } from '../../examples/remotedev-cloud/server-process.ts';
import { createReceiver } from '../../src/listener/recording-receiver.ts';
import { call, type CloudAnswer, createWebhook, LOCAL, startCloud, USERS } from '../support/cloud.ts';
import { createPostgresDatabase, needPostgres } from '../support/postgres-database.ts';
import { shows } from './rows.ts';

needPostgres();

const [ALICE, BOB] = USERS;
/** Starting processes from sources, and making databases, takes most of it. */
const LIMIT = { timeout: 60_000 };
const WAIT = { timeoutMs: 30_000 };

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
    const retry = (body?: object): Promise<CloudAnswer> =>
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
    const pool = createPool(database.url);
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
