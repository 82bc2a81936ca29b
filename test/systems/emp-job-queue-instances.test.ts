/** The job queue on several instances: processes of the example on one PostgreSQL, and dispatchers that take over from each other. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { InstanceProcess } from '../../examples/emp-job-queue/instance-process.ts';
import { type MonitorEvent, webhookOptions } from '../../examples/emp-job-queue/webhooks.ts';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import type { Receiver } from '../../src/listener/receiver.ts';
import { createReceiver } from '../../src/listener/recording-receiver.ts';
import { sqlStore } from '../../src/store/sql/create-sql-store.ts';
import type { Payload } from '../support/emp-job-queue.ts';
import { createPlace } from '../support/store-places.ts';
import { LOOPBACK } from '../support/world.ts';
import { shows } from './rows.ts';

/** Three processes start from sources, on a machine that may be busy. */
const RUN_LIMIT_MS = 90_000;
const PATIENCE = { timeout: 30_000, interval: 20 };
const EVENTS_OF_A_STEP = 6;

interface Queue extends AsyncDisposable {
  readonly instances: readonly [InstanceProcess, InstanceProcess, InstanceProcess];
  readonly receiver: Receiver;
  /** What a monitor of the first instance heard. */
  readonly heard: readonly MonitorEvent[];
}

/** Three instances; a webhook for everything, registered at the third. */
async function startQueue(): Promise<Queue> {
  const place = await createPlace('postgres');
  const receiver = await createReceiver();
  const env = {
    DATABASE_URL: place.location.url,
    DATABASE_SCHEMA: place.location.schema!,
    STORE_KEY: randomBytes(32).toString('base64'),
    ALLOW_PRIVATE: '127.0.0.0/8',
    LEASE_MS: '1000',
  };
  const names = ['prod-cluster-1', 'prod-cluster-2', 'prod-cluster-3'];
  const started = await Promise.allSettled(names.map((name) => InstanceProcess.start({ name, env })));
  const running = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const close = async (): Promise<void> => {
    await Promise.all(running.map((instance) => instance.kill()));
    await receiver.close();
    await place[Symbol.asyncDispose]();
  };
  const heard: MonitorEvent[] = [];
  try {
    for (const one of started) if (one.status === 'rejected') throw one.reason;
    const [first, , third] = running;
    expect((await third!.call('POST', '/api/webhooks', { url: receiver.url })).status).toBe(201);
    for (const instance of running)
      await vi.waitUntil(async () => (await healthOf(instance)).endpoints === 1, PATIENCE);
    await first!.watch((event) => heard.push(event));
  } catch (error) {
    await close();
    throw error;
  }
  return { instances: running as never, receiver, heard, [Symbol.asyncDispose]: close };
}

async function healthOf(instance: InstanceProcess): Promise<{ endpoints: number; inFlight: number }> {
  return JSON.parse(await instance.read('/health')) as { endpoints: number; inFlight: number };
}

async function submitSteps(instance: InstanceProcess, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1)
    expect((await instance.call('POST', '/api/jobs', { job_type: 'workflow-step' })).status).toBe(201);
}

const idsOf = ({ requests }: Receiver): string[] =>
  requests.map((request) => (request.json() as Payload).event_id);

/** Resolves when the record says that all were delivered. */
async function settled(instance: InstanceProcess, successful_deliveries: number): Promise<void> {
  await vi.waitUntil(async () => {
    const { body } = await instance.call('GET', '/api/webhooks/queue/stats');
    const { data } = body as { data: { successful_deliveries: number; pending_deliveries: number } };
    return data.successful_deliveries === successful_deliveries && data.pending_deliveries === 0;
  }, PATIENCE);
}

describe('three instances of the job queue on one database', { timeout: RUN_LIMIT_MS }, () => {
  it(
    'deliver each event once, though all of them hand it over',
    shows('emp-job-queue', 'state-per-instance'),
    async () => {
      await using queue = await startQueue();
      const { instances, receiver, heard } = queue;
      await Promise.all(instances.map((instance) => submitSteps(instance, 3)));
      const count = 9 * EVENTS_OF_A_STEP;
      await vi.waitUntil(() => heard.length === count, PATIENCE);
      await receiver.waitFor(count, { timeoutMs: PATIENCE.timeout });
      await settled(instances[1], count);
      expect(idsOf(receiver).sort()).toEqual(heard.map(({ event_id }) => event_id).sort());
      for (const { lines } of instances) expect(lines.filter((line) => line.includes('ERROR'))).toEqual([]);
    },
  );

  it(
    'survive kill -9 of one: the others send what it could not',
    shows('emp-job-queue', 'state-per-instance'),
    async () => {
      await using queue = await startQueue();
      const { instances, receiver, heard } = queue;
      const [first, second, third] = instances;
      receiver.hold();
      await submitSteps(second, 4);
      const count = 4 * EVENTS_OF_A_STEP;
      await vi.waitUntil(() => heard.length === count, PATIENCE);
      await vi.waitUntil(async () => {
        const [own, ...others] = await Promise.all([second, first, third].map(healthOf));
        const inFlight = others.reduce((sum, other) => sum + other.inFlight, own!.inFlight);
        return own!.inFlight > 0 && inFlight === receiver.waiting;
      }, PATIENCE);
      await second.kill();
      const inFlight = new Set(idsOf(receiver));
      receiver.release();
      await settled(first, count);
      const got = idsOf(receiver);
      expect([...new Set(got)].sort()).toEqual(heard.map(({ event_id }) => event_id).sort());
      // At least once: what was on its way when its sender died is sent again, and nothing else.
      const repeated = got.filter((id, index) => got.indexOf(id) < index);
      expect(repeated.length).toBeGreaterThan(0);
      for (const id of repeated) expect(inFlight).toContain(id);
    },
  );
});

describe('the memory of the job queue', { timeout: RUN_LIMIT_MS }, () => {
  it(
    'is the database: 1,200 events outlive the instance that took them',
    shows('emp-job-queue', 'memory'),
    async () => {
      await using place = await createPlace('postgres');
      await using receiver = await createReceiver();
      const { url, schema } = place.location;
      const start = (deliver: boolean): WebhookDispatcher =>
        new WebhookDispatcher({
          ...webhookOptions,
          store: sqlStore(url, { schema }),
          network: LOOPBACK,
          deliver,
        });
      const count = 1_200;
      {
        await using taking = start(false);
        await taking.endpoints.create({ url: receiver.url });
        await Promise.all(
          Array.from({ length: count }, (_, n) =>
            taking.process({ type: 'job.progress', event_id: `evt_${n}`, progress: n }),
          ),
        );
      }
      expect(receiver.received).toBe(0);
      await using sending = start(true);
      await sending.start();
      await receiver.waitFor(count, { timeoutMs: PATIENCE.timeout });
      expect(new Set(idsOf(receiver)).size).toBe(count);
      await vi.waitUntil(async () => (await sending.stats()).byState.succeeded === count, PATIENCE);
      // The first of all is still there to be looked at, and to be sent again.
      expect((await sending.messages.get('evt_0')).data).toEqual({ progress: 0 });
    },
  );
});
