/** The job queue: its REST calls, in the printed shapes, and what they can do that the original could not. */
import { describe, expect, it } from 'vitest';
import { createJobQueueWorld } from '../support/emp-job-queue.ts';
import { readCurlLines, shapeOf } from '../support/curl-lines.ts';
import { shows } from './rows.ts';

const [create, stats, test] = readCurlLines('emp-job-queue');
const printedWebhook = JSON.parse(create!.body!) as {
  readonly url: string;
  readonly events: readonly string[];
  readonly filters: object;
};
const EVENT = { type: 'job.completed', job_id: 'job_123', job_type: 'comfyui', job_priority: 1 } as const;

describe('a webhook of the job queue, over REST', () => {
  it(
    'is created, read, listed, changed and removed in the printed shape',
    shows('emp-job-queue', 'rest'),
    async () => {
      await using world = await createJobQueueWorld();
      const { url, events, filters } = printedWebhook;
      const created = await world.call('POST', '/api/webhooks', printedWebhook);
      expect(created.status).toBe(201);
      expect(shapeOf(created.body)).toEqual(shapeOf(create!.printed));
      expect(created.body.data).toEqual({
        ...(create!.printed as { data: object }).data,
        id: expect.stringMatching(/^wh_[\w-]+$/),
        created_at: world.harness.clock.now(),
        updated_at: world.harness.clock.now(),
      });
      const path = `/api/webhooks/${created.body.data['id'] as string}`;
      expect((await world.call('GET', path)).body.data).toEqual(created.body.data);
      expect((await world.call('GET', '/api/webhooks')).body.data).toEqual([created.body.data]);
      await world.harness.advance(1_000);
      const changed = await world.call('PUT', path, { active: false });
      expect(changed).toMatchObject({
        status: 200,
        body: { success: true, data: { url, events, filters, active: false } },
      });
      expect(changed.body.data['updated_at']).toBe(world.harness.clock.now());
      expect((await world.call('DELETE', path)).status).toBe(200);
      expect((await world.call('GET', path)).status).toBe(404);
      expect((await world.call('GET', '/api/webhooks')).body.data).toEqual([]);
    },
  );

  it(
    'keeps what a PUT leaves out, for no answer shows all of it',
    shows('emp-job-queue', 'rest', 'headers'),
    async () => {
      await using world = await createJobQueueWorld();
      const { harness } = world;
      const id = await world.register({
        ...printedWebhook,
        url: harness.receiver.url,
        retry_config: { max_attempts: 2 },
      });
      const events = ['job.completed', 'job.failed'];
      const answer = await world.call('PUT', `/api/webhooks/${id}`, { events });
      expect(answer.body.data).toMatchObject({ events, filters: printedWebhook.filters, active: true });
      harness.receiver.always(500);
      await harness.dispatcher.process(EVENT);
      await harness.dispatcher.process({ ...EVENT, job_priority: 9 });
      await harness.advance(60_000);
      const sent = harness.receiver.requests.map(({ headers }) => [
        headers['authorization'],
        headers['x-webhook-signature'] !== undefined,
      ]);
      expect(sent).toEqual([
        ['Bearer your-api-token', true],
        ['Bearer your-api-token', true],
      ]);
    },
  );

  it('is refused by name of what is wrong', shows('emp-job-queue', 'rest'), async () => {
    await using world = await createJobQueueWorld();
    const wrong = [
      [{ url: 'ftp://example.com' }, 'url'],
      [{ filters: { job_type: ['comfyui'] } }, 'filters.job_type'],
      [{ filters: { machine_ids: [7] } }, 'filters.machine_ids'],
      [{ retry_config: { max_attempts: 0 } }, 'retry_config'],
      [{ headers: { 'X-Event-ID': 'mine' } }, 'headers["X-Event-ID"]'],
    ] as const;
    for (const [changes, field] of wrong) {
      const { status, body } = await world.call('POST', '/api/webhooks', { ...printedWebhook, ...changes });
      expect([status, body.success, body.error?.field]).toEqual([422, false, expect.stringContaining(field)]);
    }
  });

  it('has the printed statistics, and no others', shows('emp-job-queue', 'rest'), async () => {
    await using world = await createJobQueueWorld();
    const { harness } = world;
    const id = await world.register();
    harness.receiver.reply(200, 200, 500, 500, 500, 500);
    for (let n = 0; n < 3; n += 1) {
      await harness.dispatcher.process(EVENT);
      await harness.advance(10_000);
    }
    await harness.dispatcher.process(EVENT);
    await harness.advance(0);
    const { body } = await world.call('GET', `/api/webhooks/${id}/stats`);
    // The printed answer has no `timestamp`, which that of the creation has; here every answer has it.
    expect(shapeOf(body)).toEqual(shapeOf({ ...(stats!.printed as object), timestamp: '' }));
    expect(body.data).toEqual({
      total_deliveries: 3,
      successful_deliveries: 2,
      failed_deliveries: 1,
      retry_queue_size: 1,
      pending_deliveries: 1,
    });
  });

  it(
    'gets the printed test, whatever it asked for',
    shows('emp-job-queue', 'test-payload', 'headers'),
    async () => {
      await using world = await createJobQueueWorld();
      const { harness } = world;
      const id = await world.register({ events: ['job.failed'], active: false });
      const answer = await world.call('POST', `/api/webhooks/${id}/test`);
      expect(answer).toMatchObject({
        status: 200,
        body: { success: true, data: { delivered: true, status: 204 } },
      });
      const [request] = harness.receiver.requests;
      const payload = world.payloads()[0]!;
      expect(Object.keys(payload)).toEqual(Object.keys(test!.printed as object));
      expect(payload).toEqual({
        ...(test!.printed as object),
        event_id: expect.stringMatching(/^test_[\w-]+$/),
        timestamp: harness.clock.now(),
        webhook_id: id,
      });
      expect(request!.headers).toMatchObject({
        'x-webhook-event': 'job.submitted',
        'x-webhook-id': id,
        'x-event-id': payload.event_id,
      });
      const { data } = (await world.call('GET', `/api/webhooks/${id}/stats`)).body;
      expect(data).toMatchObject({ total_deliveries: 0 });
    },
  );
});

describe('what the job queue could not do', () => {
  it(
    'dead letters are listed and sent again, with the same id',
    shows('emp-job-queue', 'dead-letters'),
    async () => {
      await using world = await createJobQueueWorld();
      const { harness } = world;
      harness.receiver.always(500);
      const id = await world.register();
      const other = await world.register();
      await harness.dispatcher.process({ ...EVENT, event_id: 'evt_1' });
      await harness.advance(60_000);
      const path = `/api/webhooks/deliveries?state=exhausted`;
      expect((await world.call('GET', path)).body.data).toHaveLength(2);
      const [letter] = (await world.call('GET', `${path}&webhook_id=${id}`)).body.data as unknown as {
        id: string;
      }[];
      expect(letter).toMatchObject({ message_id: 'evt_1', event_type: 'job.completed', attempts: 3 });
      const detail = await world.call('GET', `/api/webhooks/deliveries/${letter!.id}`);
      expect(detail.body.data['attempt_log']).toMatchObject([
        { detail: 'HTTP 500' },
        { attempt: 2 },
        { attempt: 3 },
      ]);
      expect((await world.call('GET', '/api/webhooks/messages/evt_1')).body.data['data']).toMatchObject({
        job_id: 'job_123',
      });
      harness.receiver.clear();
      harness.receiver.always(200);
      const again = await world.call('POST', '/api/webhooks/queue/retry-failed', { webhook_id: id });
      expect(again).toMatchObject({ status: 202, body: { data: { retried: 1 } } });
      await harness.advance(0);
      expect(world.payloads()).toMatchObject([
        { event_id: 'evt_1', webhook_id: id, metadata: { retry_attempt: 3 } },
      ]);
      await world.call('POST', '/api/webhooks/queue/retry-failed');
      await harness.advance(0);
      expect(world.payloads()[1]).toMatchObject({ event_id: 'evt_1', webhook_id: other });
      expect((await world.call('GET', path)).body.data).toEqual([]);
    },
  );

  it(
    'sends as often as a webhook allows, and to others meanwhile',
    shows('emp-job-queue', 'rate-limit'),
    async () => {
      await using world = await createJobQueueWorld();
      const { harness } = world;
      const slow = await world.register({ rate_limit: { limit: 2, interval_ms: 1_000 } });
      const fast = await world.register();
      const startedAt = harness.clock.now();
      for (let n = 0; n < 6; n += 1) await harness.dispatcher.process(EVENT);
      await harness.advance(10_000);
      const times = (id: string): number[] =>
        world
          .payloads()
          .filter(({ webhook_id }) => webhook_id === id)
          .map(({ timestamp }) => timestamp - startedAt);
      expect(times(fast)).toEqual([0, 0, 0, 0, 0, 0]);
      const spaced = times(slow);
      expect(spaced).toHaveLength(6);
      for (const [index, time] of spaced.slice(2).entries())
        expect(time - spaced[index]!).toBeGreaterThanOrEqual(1_000);
    },
  );

  it(
    'sends to many webhooks at once, and many events to each',
    shows('emp-job-queue', 'one-at-a-time'),
    async () => {
      await using world = await createJobQueueWorld();
      const { harness } = world;
      harness.receiver.hold();
      for (let n = 0; n < 4; n += 1) await world.register();
      for (let n = 0; n < 5; n += 1) await harness.dispatcher.process(EVENT);
      await harness.receiver.waitFor(20);
      expect(harness.receiver.waiting).toBe(20);
      harness.receiver.release();
      await harness.advance(0);
      expect((await world.call('GET', '/api/webhooks/queue/stats')).body.data).toMatchObject({
        successful_deliveries: 20,
      });
    },
  );
});
