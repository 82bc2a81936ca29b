import { describe, expect, it } from 'vitest';
import { type ApiWorld, createApiWorld } from '../support/api-world.ts';

async function setup(): Promise<ApiWorld & { readonly id: string }> {
  const world = await createApiWorld();
  const { data } = await world.call('POST ', {
    body: { url: world.harness.receiver.url, events: ['job.*'] },
  });
  return { ...world, id: data.id };
}

describe('a test of a webhook', () => {
  it('is sent at once, and answered with what came of it', async () => {
    await using world = await setup();
    world.harness.receiver.reply({ status: 503, body: 'busy', headers: { 'x-a': 'b' } });
    const failed = await world.call(`POST /${world.id}/test`);
    expect(failed.data).toMatchObject({
      webhook_id: world.id,
      delivered: false,
      outcome: 'endpoint_failed',
      reason: 'http_status',
      status: 503,
      response: { status: 503, body: 'busy', body_encoding: 'utf8', headers: { 'x-a': 'b' } },
    });
    const arrived = await world.call(`POST /${world.id}/test`);
    expect(arrived.data).toMatchObject({ delivered: true, outcome: 'delivered', status: 204 });
    expect(world.harness.receiver.received).toBe(2);
  });

  it('is limited per tenant, and told when to come again', async () => {
    await using world = await setup();
    const { id: ofBob } = (
      await world.call('POST ', { as: 'bob', body: { url: world.harness.receiver.url } })
    ).data;
    for (let n = 0; n < 10; n += 1) expect((await world.call(`POST /${world.id}/test`)).status).toBe(200);
    const refused = await world.call(`POST /${world.id}/test`);
    expect(refused).toMatchObject({ status: 429, error: { code: 'rate_limited' } });
    expect(refused.headers.get('retry-after')).toBe('60');
    expect((await world.call(`POST /${ofBob}/test`, { as: 'bob' })).status).toBe(200);
    await world.harness.advance(60_000);
    expect((await world.call(`POST /${world.id}/test`)).status).toBe(200);
  });

  it('is not limited where the application says so', async () => {
    await using world = await createApiWorld({ rateLimits: { test: false } });
    const { data } = await world.call('POST ', { body: { url: world.harness.receiver.url } });
    for (let n = 0; n < 12; n += 1) expect((await world.call(`POST /${data.id}/test`)).status).toBe(200);
  });
});

describe('a rotation of the secret', () => {
  it('is answered with the new one, this once', async () => {
    await using world = await setup();
    const rotated = await world.call(`POST /${world.id}/rotate-secret`, { body: { grace_ms: 1000 } });
    expect(rotated.data).toMatchObject({
      webhook_id: world.id,
      secret: expect.stringMatching(/^whsec_/),
      previous_expires_at: world.harness.clock.now() + 1000,
      signs_with: [{ scheme: 'standard', with: 'all' }],
    });
    const read = await world.call(`GET /${world.id}`);
    expect(read.data.secrets).toHaveLength(2);
    expect(read.text).not.toContain(rotated.data.secret);
  });

  it('needs no body, only the scope secrets, and shows no secret that is wrong', async () => {
    await using world = await setup();
    expect((await world.call(`POST /${world.id}/rotate-secret`, { as: 'rotator' })).status).toBe(200);
    expect((await world.call(`POST /${world.id}/rotate-secret`, { as: 'writer' })).status).toBe(403);
    const wrong = await world.call(`POST /${world.id}/rotate-secret`, {
      body: { secret: 'too-short-a-secret' },
    });
    expect(wrong).toMatchObject({ status: 422, error: { field: 'secret' } });
    expect(wrong.text).not.toContain('too-short-a-secret');
    const unknown = await world.call(`POST /${world.id}/rotate-secret`, { body: { graceMs: 1 } });
    expect(unknown.error).toMatchObject({ field: 'graceMs', message: expect.stringContaining('"grace_ms"') });
  });
});

describe('pause and resume', () => {
  it('hold deliveries, and send them', async () => {
    await using world = await setup();
    expect((await world.call(`POST /${world.id}/pause`)).data).toMatchObject({ paused: true, active: true });
    await world.call('POST /messages', { body: { event_type: 'job.done', data: 1 } });
    await world.harness.advance(1000);
    expect(world.harness.receiver.received).toBe(0);
    expect((await world.call(`POST /${world.id}/resume`)).data).toMatchObject({ paused: false });
    await world.harness.advance(0);
    expect(world.harness.receiver.received).toBe(1);
  });
});

describe('the deliveries and numbers of a webhook', () => {
  it('are its own', async () => {
    await using world = await setup();
    const { harness } = world;
    await world.call('POST ', { body: { url: harness.receiver.urlOf('/other') } });
    harness.receiver.on('/').reply(500);
    for (const event_type of ['job.a', 'job.b'])
      await world.call('POST /messages', { body: { event_type, data: {} } });
    await harness.advance(0);
    const all = await world.call(`GET /${world.id}/deliveries`);
    expect(all.items.map((delivery) => delivery['webhook_id'])).toEqual([world.id, world.id]);
    const waiting = await world.call(
      `GET /${world.id}/deliveries?state=scheduled,sending&event_type=job.a,job.b`,
    );
    expect(waiting.data).toMatchObject([{ state: 'scheduled', reason: 'http_status', attempts: 1 }]);
    expect(waiting.items[0]!['next_attempt_at']).toBeGreaterThan(harness.clock.now());
    expect((await world.call(`GET /${world.id}/stats`)).data).toMatchObject({
      total_deliveries: 1,
      successful_deliveries: 1,
      failed_deliveries: 0,
      retry_queue_size: 1,
      pending_deliveries: 1,
    });
    const none = await world.call(`GET /${world.id}/stats?since=${harness.clock.now() + 1}`);
    expect(none.data).toMatchObject({ total_deliveries: 0, pending_deliveries: 0 });
    const iso = new Date(harness.clock.now() + 1).toISOString();
    expect((await world.call(`GET /${world.id}/deliveries?since=${iso}`)).data).toEqual([]);
    expect((await world.call(`GET /${world.id}/deliveries?since=yesterday`)).error.field).toBe('since');
    expect((await world.call(`GET /${world.id}/deliveries?state=lost`)).error.field).toBe('state[0]');
  });
});
