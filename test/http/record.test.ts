import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineEvents } from '../../src/core/event-catalog.ts';
import { type ApiWorld, createApiWorld } from '../support/api-world.ts';

async function setup(): Promise<ApiWorld & { readonly id: string }> {
  const world = await createApiWorld();
  const { data } = await world.call('POST ', {
    body: { url: world.harness.receiver.url, events: ['job.*'], retry_config: { preset: 'once' } },
  });
  return { ...world, id: data.id };
}

describe('messages', () => {
  it('are emitted, listed without their data, and read with it', async () => {
    await using world = await setup();
    const emitted = await world.call('POST /messages', {
      body: {
        event_type: 'job.done',
        data: { job: 1 },
        metadata: { a: 1 },
        timestamp: '2026-01-01T00:00:00Z',
      },
    });
    expect(emitted).toMatchObject({
      status: 202,
      data: { duplicate: false, deliveries: [{ webhook_id: world.id }] },
    });
    await world.harness.advance(0);
    expect(world.harness.receiver.requests[0]!.json()).toMatchObject({ type: 'job.done', data: { job: 1 } });
    const listed = await world.call('GET /messages?event_type=job.done');
    expect(listed.data).toMatchObject([
      {
        id: emitted.data.id,
        event_type: 'job.done',
        timestamp: Date.UTC(2026, 0, 1),
        metadata: { a: 1 },
        test: false,
      },
    ]);
    expect(listed.data[0]).not.toHaveProperty('data');
    expect((await world.call('GET /messages?event_type=job.other')).data).toEqual([]);
    expect((await world.call(`GET /messages/${emitted.data.id}`)).data).toMatchObject({ data: { job: 1 } });
  });

  it('are stored once per Idempotency-Key', async () => {
    await using world = await setup();
    const emit = (data: unknown): ReturnType<typeof world.call> =>
      world.call('POST /messages', {
        body: { event_type: 'job.done', data },
        headers: { 'idempotency-key': 'key-1' },
      });
    const first = await emit(1);
    expect(await emit(1)).toMatchObject({ status: 202, data: { id: first.data.id, duplicate: true } });
    expect(await emit(2)).toMatchObject({ status: 409, error: { code: 'conflict' } });
    expect((await world.call('GET /messages')).data).toHaveLength(1);
  });

  it.each([
    [{ data: 1 }, 'event_type', 'invalid_request'],
    [{ event_type: 'no type', data: 1 }, 'event_type', 'invalid_request'],
    [{ event_type: 'posthorn.test', data: 1 }, 'event_type', 'invalid_request'],
    [{ event_type: 'a' }, 'data', 'invalid_request'],
    [{ event_type: 'a', data: 'x'.repeat(300_000) }, 'data', 'invalid_payload'],
    [{ event_type: 'a', data: 1, ordering_key: '' }, 'ordering_key', 'invalid_request'],
    [{ event_type: 'a', data: 1, to: 'ep_1' }, 'to', 'invalid_request'],
    [{ event_type: 'a', data: 1, metadata: [] }, 'metadata', 'invalid_request'],
    [{ event_type: 'a', data: 1, timestamp: 'now' }, 'timestamp', 'invalid_request'],
  ])('that are wrong are refused: %j', async (body, field, code) => {
    await using world = await setup();
    expect(await world.call('POST /messages', { body })).toMatchObject({
      status: 422,
      error: { code, field },
    });
  });
});

describe('deliveries', () => {
  it('are listed by webhook, message, state, type and time, and read with their attempts', async () => {
    await using world = await setup();
    world.harness.receiver.reply(500);
    const { data: failed } = await world.call('POST /messages', { body: { event_type: 'job.a', data: 1 } });
    await world.harness.advance(60_000);
    await world.call('POST /messages', { body: { event_type: 'job.b', data: 1 } });
    await world.harness.advance(0);
    const count = async (query: string): Promise<number> =>
      (await world.call(`GET /deliveries?${query}`)).data.length as number;
    const now = world.harness.clock.now();
    expect(await count('')).toBe(2);
    expect(await count(`webhook_id=${world.id}`)).toBe(2);
    expect(await count(`message_id=${failed.id}`)).toBe(1);
    expect(await count('state=exhausted')).toBe(1);
    expect(await count('state=exhausted&state=succeeded')).toBe(2);
    expect(await count('event_type=job.a')).toBe(1);
    expect(await count(`since=${now}`)).toBe(1);
    expect(await count(`until=${now}`)).toBe(1);
    const { data } = await world.call(`GET /deliveries/${failed.deliveries[0]!.id}`);
    expect(data).toMatchObject({
      webhook_id: world.id,
      state: 'exhausted',
      attempt_log: [{ attempt: 1, outcome: 'endpoint_failed', response: { status: 500 } }],
    });
  });

  it('are tried again and called off, one by one', async () => {
    await using world = await setup();
    world.harness.receiver.reply(500);
    const { data } = await world.call('POST /messages', { body: { event_type: 'job.a', data: 1 } });
    const { id } = data.deliveries[0]!;
    await world.harness.advance(0);
    expect(await world.call(`POST /deliveries/${id}/retry`)).toMatchObject({ status: 202, data: { id } });
    await world.harness.advance(0);
    expect((await world.call(`GET /deliveries/${id}`)).data).toMatchObject({
      state: 'succeeded',
      attempts: 2,
    });
    await world.call(`POST /${world.id}/pause`);
    const held = await world.call('POST /messages', { body: { event_type: 'job.a', data: 2 } });
    const cancelled = await world.call(`POST /deliveries/${held.data.deliveries[0]!.id}/cancel`);
    expect(cancelled.data).toMatchObject({ state: 'discarded', reason: 'cancelled' });
  });
});

describe('the queue', () => {
  async function withFailures(): Promise<ApiWorld & { readonly id: string; readonly other: string }> {
    const world = await setup();
    const { harness } = world;
    const { data } = await world.call('POST ', {
      body: { url: harness.receiver.urlOf('/b'), retry_config: { preset: 'once' } },
    });
    await world.call('POST ', {
      as: 'bob',
      body: { url: harness.receiver.urlOf('/c'), retry_config: { preset: 'once' } },
    });
    harness.receiver.always(500);
    await world.call('POST /messages', { body: { event_type: 'job.a', data: 1 } });
    await world.call('POST /messages', { as: 'bob', body: { event_type: 'job.a', data: 1 } });
    await harness.advance(60_000);
    await world.call('POST /messages', { body: { event_type: 'job.b', data: 1 } });
    await harness.advance(0);
    harness.receiver.always(204);
    return { ...world, other: data.id };
  }

  it('is told in numbers', async () => {
    await using world = await withFailures();
    expect((await world.call('GET /queue/stats')).data).toMatchObject({
      total_deliveries: 4,
      successful_deliveries: 0,
      failed_deliveries: 4,
      retry_queue_size: 0,
      pending_deliveries: 0,
      success_rate: 0,
      by_state: { exhausted: 4 },
    });
    expect((await world.call('GET /queue/stats', { as: 'bob' })).data).toMatchObject({
      failed_deliveries: 1,
    });
  });

  it.each([
    ['everything, without a body', undefined, 4],
    ['everything', {}, 4],
    ['one webhook', { webhook_id: 'id' }, 2],
    ['one webhook, by the other name', { webhookId: 'id' }, 2],
    ['a time', { since: 60_000 }, 2],
    ['a time before', { until: 60_000 }, 2],
  ])('tries %s again', async (_name, body, retried) => {
    await using world = await withFailures();
    const start = world.harness.clock.now() - 60_000;
    const asked =
      body === undefined
        ? undefined
        : Object.fromEntries(
            Object.entries(body).map(([key, value]) => [
              key,
              value === 'id' ? world.id : start + (value as number),
            ]),
          );
    const dry = await world.call('POST /queue/retry-failed', { body: { ...asked, dry_run: true } });
    expect(dry).toMatchObject({ status: 202, data: { retried, dry_run: true } });
    await world.harness.advance(0);
    expect((await world.call('GET /queue/stats')).data.by_state).toMatchObject({ exhausted: 4 });
    const done = await world.call('POST /queue/retry-failed', asked === undefined ? {} : { body: asked });
    expect(done.data).toMatchObject({ retried, dry_run: false });
    await world.harness.advance(0);
    expect((await world.call('GET /queue/stats')).data.by_state).toMatchObject({
      succeeded: retried,
      exhausted: 4 - retried,
    });
    expect((await world.call('GET /queue/stats', { as: 'bob' })).data.by_state).toMatchObject({
      exhausted: 1,
    });
    const again = await world.call('POST /queue/retry-failed', {
      body: { ...asked, as_of: done.data.as_of },
    });
    expect(again.data.retried).toBe(0);
  });

  it.each([
    ['everything, with what was never made', {}, { retried: 4, created: 1 }],
    ['one webhook', { webhook_id: 'id' }, { retried: 2, created: 0 }],
    ['a pattern of types', { event_type: ['*.b'] }, { retried: 2, created: 1 }],
    ['what is in a state', { states: ['exhausted'] }, { retried: 4, created: 0 }],
    ['nothing, when nothing is in that state', { states: ['succeeded'] }, { retried: 0, created: 0 }],
    ['only what was never made', { states: [], create_missing: true }, { retried: 0, created: 1 }],
  ])('replays %s', async (_name, body, counts) => {
    await using world = await withFailures();
    await world.call('POST ', { body: { url: world.harness.receiver.urlOf('/late'), events: ['job.b'] } });
    const asked = 'webhook_id' in body ? { webhook_id: world.id } : body;
    const dry = await world.call('POST /queue/replay', { body: { ...asked, dry_run: true } });
    expect(dry).toMatchObject({ status: 202, data: { ...counts, dry_run: true } });
    const before = world.harness.receiver.received;
    const done = await world.call('POST /queue/replay', { body: { ...asked, as_of: dry.data.as_of } });
    expect(done.data).toMatchObject({ ...counts, dry_run: false });
    await world.harness.advance(0);
    expect(world.harness.receiver.received - before).toBe(counts.retried + counts.created);
    expect((await world.call('GET /queue/stats', { as: 'bob' })).data.by_state).toMatchObject({
      exhausted: 1,
    });
  });

  it.each([
    [{ states: ['sending'] }, 'states[0]'],
    [{ states: 'exhausted' }, 'states'],
    [{ event_type: [] }, 'event_type'],
    [{ event_type: ['job..x'] }, 'event_type[0]'],
    [{ message_ids: [''] }, 'message_ids[0]'],
    [{ since: 'yesterday' }, 'since'],
    [{ all: true }, 'all'],
  ])('refuses to replay %j', async (body, field) => {
    await using world = await setup();
    expect(await world.call('POST /queue/replay', { body })).toMatchObject({ status: 422, error: { field } });
  });

  it('refuses two names that differ, and is limited per tenant', async () => {
    await using world = await setup();
    const differ = await world.call('POST /queue/retry-failed', {
      body: { webhook_id: world.id, webhookId: 'other' },
    });
    expect(differ).toMatchObject({ status: 422, error: { field: 'webhookId' } });
    for (let n = 0; n < 29; n += 1) expect((await world.call('POST /queue/retry-failed')).status).toBe(202);
    expect((await world.call('POST /queue/retry-failed')).status).toBe(429);
  });
});

describe('insight', () => {
  it('lists the event types of the catalog', async () => {
    await using world = await createApiWorld({
      dispatcher: {
        events: defineEvents({ 'job.done': z.object({ id: z.string() }).describe('A job is done') }),
      },
    });
    expect((await world.call('GET /event-types')).data).toMatchObject([
      {
        event_type: 'job.done',
        description: 'A job is done',
        json_schema: { type: 'object' },
        deprecated: false,
      },
    ]);
    const unknown = await world.call('POST /messages', { body: { event_type: 'job.dnoe', data: {} } });
    expect(unknown).toMatchObject({ status: 422, error: { field: 'event_type' } });
    const wrong = await world.call('POST /messages', { body: { event_type: 'job.done', data: { id: 42 } } });
    expect(wrong).toMatchObject({ status: 422, error: { code: 'invalid_payload', field: 'data.id' } });
  });

  it('explains who would get a message', async () => {
    await using world = await setup();
    const filters = { 'data.amount': { $gt: 5 } };
    const { data } = await world.call('POST ', { body: { url: world.harness.receiver.url, filters } });
    const explain = (body: object): ReturnType<typeof world.call> => world.call('POST /explain', { body });
    expect((await explain({ event_type: 'job.a', data: { amount: 1 } })).data).toMatchObject([
      { webhook_id: world.id, receives: true, verdict: 'receives' },
      {
        webhook_id: data.id,
        receives: false,
        verdict: 'filter',
        reason: expect.stringContaining('data.amount'),
      },
    ]);
    expect((await explain({ event_type: 'job.a', data: {}, webhook_id: world.id })).data).toHaveLength(1);
    expect(await explain({ event_type: 'job.a', data: {}, limit: 1 })).toMatchObject({
      next_cursor: expect.any(String),
    });
    expect((await explain({ event_type: '', data: {} })).error.field).toBe('event_type');
  });

  it('says how the dispatcher is doing, and nothing of others', async () => {
    await using world = await setup();
    expect((await world.call('GET /health')).data).toMatchObject({
      status: 'running',
      paused: false,
      store_problem: false,
    });
    await world.harness.dispatcher.pause();
    expect((await world.call('GET /health')).data).toMatchObject({ paused: true });
  });

  it('answers that it is not to be had when the dispatcher has stopped', async () => {
    await using world = await setup();
    await world.harness.dispatcher.stop();
    expect(await world.call('GET ')).toMatchObject({ status: 503, error: { code: 'unavailable' } });
    expect((await world.call('GET /health')).data).toMatchObject({ status: 'stopped' });
  });
});
