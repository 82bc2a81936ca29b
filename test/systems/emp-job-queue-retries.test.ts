/** The job queue: what is a failure, when it is tried again, and what is logged of it. */
import { collectMetrics } from 'posthorn/prometheus';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { HeldPort } from '../../src/listener/held-port.ts';
import { createFaultReceiver } from '../../src/listener/fault-receiver.ts';
import type { FaultName } from '../../src/listener/faults.ts';
import { undiciTransport } from '../../src/transport/undici-transport.ts';
import { createJobQueueWorld, type JobQueueWorld, START } from '../support/emp-job-queue.ts';
import { LOOPBACK } from '../support/world.ts';
import { printedBlock } from '../support/system-documents.ts';
import { shows } from './rows.ts';

const EVENT = { type: 'job.completed', job_id: 'job_123' } as const;

/** When attempts were made, in ms since the first. */
async function timesOf({ harness }: JobQueueWorld, endpointId: string): Promise<readonly number[]> {
  const [delivery] = await harness.deliveriesTo(endpointId);
  return delivery!.attemptLog.map(({ startedAt }) => startedAt - delivery!.attemptLog[0]!.startedAt);
}

describe('an attempt of the job queue', () => {
  it.each([400, 401, 404, 410, 429, 500, 503, 599])(
    'has failed with the status %i: three attempts, after 1 s and 2 s',
    shows('emp-job-queue', 'retries'),
    async (status) => {
      await using world = await createJobQueueWorld();
      world.harness.receiver.always({ status, headers: { 'retry-after': '3600' } });
      const id = await world.register();
      await world.harness.dispatcher.process(EVENT);
      await world.harness.advance(600_000);
      expect(await timesOf(world, id)).toEqual([0, 1_000, 3_000]);
      expect(await world.harness.deliveriesTo(id)).toMatchObject([{ state: 'exhausted', attempts: 3 }]);
      expect((await world.call('GET', `/api/webhooks/${id}`)).body.data).toMatchObject({ active: true });
    },
  );

  it.each([200, 204, 299, 301, 304, 399])(
    'has succeeded with the status %i, because failure begins at 400',
    shows('emp-job-queue', 'retries'),
    async (status) => {
      await using world = await createJobQueueWorld();
      world.harness.receiver.always({ status, headers: { location: '/elsewhere' } });
      const id = await world.register();
      await world.harness.dispatcher.process(EVENT);
      await world.harness.advance(600_000);
      expect(await world.harness.deliveriesTo(id)).toMatchObject([{ state: 'succeeded', attempts: 1 }]);
    },
  );

  it.each<{ fault: FaultName; reason: string; times: readonly number[] }>([
    { fault: 'never_answers', reason: 'timeout', times: [0, 31_000, 63_000] },
    { fault: 'reset_after_request', reason: 'connection_reset', times: [0, 1_000, 3_000] },
    { fault: 'dns_not_found', reason: 'dns', times: [0, 1_000, 3_000] },
    { fault: 'tls_untrusted', reason: 'tls', times: [0, 1_000, 3_000] },
    { fault: 'tls_expired', reason: 'tls', times: [0, 1_000, 3_000] },
  ])(
    'has failed with $fault, by $reason',
    shows('emp-job-queue', 'retries'),
    async ({ fault, reason, times }) => {
      await using receiver = await createFaultReceiver({ fault });
      await using world = await createJobQueueWorld({
        network: { ...LOOPBACK, lookup: receiver.lookup },
        transport: undiciTransport({ tls: { ca: receiver.ca } }),
      });
      const id = await world.register({ url: receiver.url });
      await world.harness.dispatcher.process(EVENT);
      await world.harness.advance(600_000);
      expect(await timesOf(world, id)).toEqual(times);
      const [delivery] = await world.harness.deliveriesTo(id);
      expect(delivery!.state).toBe('exhausted');
      expect(delivery!.attemptLog.map((attempt) => attempt.reason)).toEqual([reason, reason, reason]);
      if (fault === 'never_answers')
        for (const { durationMs } of delivery!.attemptLog) expect(durationMs).toBe(30_000);
    },
  );

  it('has failed where nobody listens', shows('emp-job-queue', 'retries'), async () => {
    await using port = await HeldPort.take();
    await using world = await createJobQueueWorld();
    const id = await world.register({ url: port.url });
    await world.harness.dispatcher.process(EVENT);
    await world.harness.advance(600_000);
    expect(await timesOf(world, id)).toEqual([0, 1_000, 3_000]);
  });
});

describe('retry_config of a webhook', () => {
  it.each([
    {
      what: 'as printed, with more attempts: the fourth after 4 s, and 30 s at most',
      retry_config: { max_attempts: 8, initial_delay_ms: 1000, backoff_multiplier: 2, max_delay_ms: 30000 },
      times: [0, 1_000, 3_000, 7_000, 15_000, 31_000, 61_000, 91_000],
    },
    {
      what: 'of its own',
      retry_config: { max_attempts: 5, initial_delay_ms: 500, backoff_multiplier: 3, max_delay_ms: 2000 },
      times: [0, 500, 2_000, 4_000, 6_000],
    },
    { what: 'in part', retry_config: { max_attempts: 4 }, times: [0, 1_000, 3_000, 7_000] },
    {
      what: 'without a number of attempts',
      retry_config: { initial_delay_ms: 2000 },
      times: [0, 2_000, 6_000],
    },
    { what: 'left out', retry_config: undefined, times: [0, 1_000, 3_000] },
  ])('is kept: $what', shows('emp-job-queue', 'retries'), async ({ retry_config, times }) => {
    await using world = await createJobQueueWorld();
    world.harness.receiver.always(500);
    const id = await world.register(retry_config === undefined ? {} : { retry_config });
    await world.harness.dispatcher.process(EVENT);
    await world.harness.advance(600_000);
    expect(await timesOf(world, id)).toEqual(times);
  });

  it('is of one webhook alone', shows('emp-job-queue', 'retries'), async () => {
    await using world = await createJobQueueWorld();
    world.harness.receiver.always(500);
    const patient = await world.register({ retry_config: { max_attempts: 2, initial_delay_ms: 20_000 } });
    const usual = await world.register();
    await world.harness.dispatcher.process(EVENT);
    await world.harness.advance(600_000);
    expect([await timesOf(world, patient), await timesOf(world, usual)]).toEqual([
      [0, 20_000],
      [0, 1_000, 3_000],
    ]);
  });
});

describe('the log of the job queue', () => {
  it('has the four lines as printed', shows('emp-job-queue', 'log-lines'), async () => {
    await using world = await createJobQueueWorld();
    const { harness, lines } = world;
    const printed = printedBlock('emp-job-queue', '', 'INFO: Webhook registered').trimEnd().split('\n');
    const at = (index: number): number => Date.parse(printed[index]!.slice(1, 25));
    const moveTo = (index: number): Promise<void> => harness.advance(at(index) - harness.clock.now());
    // 2000 ms in front of the second attempt is not what the text beside it says of the default: this webhook has its own.
    const retry = { kind: 'exponential', maxAttempts: 3, initialDelayMs: 2_000, jitter: 0 } as const;
    await harness.createEndpoint({ id: 'wh_123', url: 'https://api.example.com/hooks', retry });
    await harness.dispatcher.endpoints.update('wh_123', { url: harness.receiver.url });
    await moveTo(1);
    await harness.dispatcher.process(EVENT);
    await moveTo(2);
    harness.receiver.reply(500);
    await harness.dispatcher.process(EVENT);
    await harness.advance(0);
    expect(lines.slice(0, 3)).toEqual(printed.slice(0, 3));
    // It is scheduled when the attempt has failed, not when it is due, as the printed time has it.
    expect(lines[3]).toBe(printed[3]!.replace('[2024-01-14T10:31:47.789Z]', '[2024-01-14T10:31:45.456Z]'));
    expect([lines.length, at(0)]).toEqual([4, START]);
  });

  it(
    'tells of every attempt, and of what was given up',
    shows('emp-job-queue', 'log-lines', 'dead-letters'),
    async () => {
      await using world = await createJobQueueWorld();
      const { harness, lines } = world;
      harness.receiver.reply(500).always(404);
      const id = await world.register();
      await harness.dispatcher.process({ type: 'machine.startup', machine_id: 'm1' });
      await harness.advance(10_000);
      const [delivery] = await harness.deliveriesTo(id);
      expect(lines.slice(1).map((line) => line.replace(/^\[.*\] /, ''))).toEqual([
        `WARN: Webhook delivery failed: ${id} (attempt 1) - HTTP 500`,
        `INFO: Webhook retry scheduled: ${id} in 1000ms (attempt 2/3)`,
        `WARN: Webhook delivery failed: ${id} (attempt 2) - HTTP 404`,
        `INFO: Webhook retry scheduled: ${id} in 2000ms (attempt 3/3)`,
        `WARN: Webhook delivery failed: ${id} (attempt 3) - HTTP 404`,
        `ERROR: Webhook dead letter: ${id} (machine.startup) ${delivery!.id}`,
      ]);
    },
  );
});

describe('the monitoring of the job queue', () => {
  it(
    'raises an alert when too few attempts are delivered, and counts for Prometheus',
    shows('emp-job-queue', 'monitoring'),
    async () => {
      await using world = await createJobQueueWorld();
      const { harness, lines } = world;
      const registry = new Registry();
      collectMetrics(harness.dispatcher, { registry });
      await world.register();
      harness.receiver.always(404);
      for (let n = 0; n < 10; n += 1) await harness.dispatcher.process(EVENT);
      await harness.advance(120_000);
      expect(lines.filter((line) => line.includes('Webhook alert'))).toEqual([
        expect.stringMatching(/ERROR: Webhook alert: 0\.0 % of the 30 attempts/),
      ]);
      harness.receiver.always(200);
      await harness.advance(15 * 60_000);
      for (let n = 0; n < 25; n += 1) await harness.dispatcher.process(EVENT);
      await harness.advance(120_000);
      expect(lines.filter((line) => line.includes('Webhook alert is over'))).toHaveLength(1);
      const metrics = await registry.metrics();
      for (const line of [
        'posthorn_deliveries_total{state="succeeded",event_type="job.completed"} 25',
        'posthorn_deliveries_total{state="exhausted",event_type="job.completed"} 10',
        'posthorn_attempt_duration_seconds_count{outcome="failed",event_type="job.completed"} 30',
      ])
        expect(metrics).toContain(line);
    },
  );
});
