/** RemoteDevAI cloud: its queue in numbers, for its users, for Prometheus, and as alerts. */
import { describe, expect, it } from 'vitest';
import { Metrics } from '../../examples/remotedev-cloud/metrics.ts';
import { call, createWebhook, startCloud, USERS } from '../support/cloud.ts';
import { needPostgres } from '../support/postgres-database.ts';
import { shows } from './rows.ts';

needPostgres();

const [ALICE, BOB] = USERS;
/** Making databases takes most of it. */
const LIMIT = { timeout: 60_000 };
const WAIT = { timeoutMs: 30_000 };

async function readMetrics(origin: string): Promise<Metrics> {
  const response = await fetch(`${origin}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  return new Metrics(await response.text());
}

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
