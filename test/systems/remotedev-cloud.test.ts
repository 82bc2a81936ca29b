/** System E: a cloud service whose users own their webhooks; signed over time and body. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { DispatcherOptions } from '../../src/options.ts';
import { createHarness, type Harness } from '../../src/testing/harness.ts';

const START = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const EVENT_TYPES = [
  ...['created', 'updated', 'deleted'].map((name) => `project.${name}`),
  ...['started', 'ended', 'message', 'paused', 'resumed'].map((name) => `session.${name}`),
  ...['completed', 'failed'].map((name) => `recording.${name}`),
  ...['connected', 'disconnected', 'status_changed'].map((name) => `agent.${name}`),
  ...['created', 'updated', 'cancelled'].map((name) => `subscription.${name}`),
  ...['succeeded', 'failed'].map((name) => `payment.${name}`),
  ...['quota_warning', 'quota_exceeded'].map((name) => `storage.${name}`),
  ...['created', 'updated', 'deleted'].map((name) => `user.${name}`),
];

const dispatcher: DispatcherOptions = {
  maxConcurrency: 10,
  signatures: ['timestamped-hex'],
  envelope: { name: 'standard', idInBody: true },
};

function setup(): Promise<Harness> {
  return createHarness({ startAt: START, dispatcher });
}

/** `WebhookService.triggerEvent` of the system. */
function triggerEvent(
  harness: Harness,
  { eventType, userId, data }: { eventType: string; userId: string; data: unknown },
): Promise<unknown> {
  return harness.dispatcher.emit(eventType, data, { tenant: userId });
}

/** Printed for Express, with the receiver's time given: serialises the parsed body again. */
function verifyWebhook(
  payload: unknown,
  signature: string,
  timestamp: number,
  secret: string,
  now: number,
): boolean {
  const age = Math.floor(now / 1000) - timestamp;
  if (age > 300) return false; // Too old
  const signedPayload = `${timestamp}.${JSON.stringify(payload)}`;
  const hmac = createHmac('sha256', secret);
  hmac.update(signedPayload);
  const expectedSignature = hmac.digest('hex');
  return timingSafeEqual(Buffer.from(signature, 'hex'), Buffer.from(expectedSignature, 'hex'));
}

describe('RemoteDevAI', () => {
  it('sends id, type and data, verified by the printed code, on a retry hours later too', async () => {
    await using harness = await setup();
    harness.receiver.reply(500);
    const { secret } = await harness.createEndpoint({
      name: 'Test Webhook',
      description: 'Testing webhook delivery',
      tenant: 'user-1',
      retry: { kind: 'schedule', delaysMs: [2 * HOUR], jitter: 0 },
    });
    const data = { id: 'p1', name: 'Ünïcode "project"', createdAt: new Date(START) };
    await triggerEvent(harness, { eventType: 'project.created', userId: 'user-1', data });
    await harness.advance(2 * HOUR);
    const checks = harness.receiver.requests.map((request, index) => {
      const { 'x-webhook-signature': signature, 'x-webhook-timestamp': timestamp } = request.headers;
      const now = START + index * 2 * HOUR;
      return verifyWebhook(request.json(), signature!, parseInt(timestamp!), secret!, now);
    });
    expect(checks).toEqual([true, true]);
    expect(harness.receiver.requests[1]!.json()).toMatchObject({
      id: expect.stringMatching(/^msg_/),
      type: 'project.created',
      data: { id: 'p1', name: 'Ünïcode "project"', createdAt: '2026-01-01T00:00:00.000Z' },
    });
  });

  it('is refused by a receiver that re-serialises with other spacing, and accepted over the raw body', async () => {
    await using harness = await setup();
    const { secret } = await harness.createEndpoint();
    await harness.dispatcher.emit('user.created', { id: 1 });
    await harness.advance(0);
    const { text, headers } = harness.receiver.requests[0]!;
    const sign = (body: string): string =>
      createHmac('sha256', secret!).update(`${headers['x-webhook-timestamp']}.${body}`).digest('hex');
    // What json.dumps of Python makes of it: spaces after separators.
    const dumped = text.replaceAll('":', '": ').replaceAll(',"', ', "');
    expect(sign(dumped)).not.toBe(headers['x-webhook-signature']);
    expect(sign(text)).toBe(headers['x-webhook-signature']);
  });

  it('returns the secret on creation and never again', async () => {
    await using harness = await setup();
    const created = await harness.createEndpoint({ tenant: 'user-1' });
    expect(created.secret).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(await harness.dispatcher.endpoints.list())).not.toContain(created.secret!);
  });

  it('keeps the webhooks of users apart, over all its event types', async () => {
    await using harness = await setup();
    for (const user of ['user-1', 'user-2'])
      await harness.createEndpoint({ url: harness.receiver.urlOf(`/${user}`), tenant: user });
    for (const eventType of EVENT_TYPES)
      await triggerEvent(harness, { eventType, userId: 'user-1', data: {} });
    await harness.advance(0);
    const paths = harness.receiver.requests.map(({ path }) => path);
    expect(paths).toHaveLength(EVENT_TYPES.length);
    expect(new Set(paths)).toEqual(new Set(['/user-1']));
  });

  it('lists deliveries and counts of one webhook, and retries what failed', async () => {
    await using harness = await setup();
    const { endpoints, deliveries } = harness.dispatcher;
    harness.receiver.always(500);
    const { id } = await harness.createEndpoint({ retry: 'once', tenant: 'user-1' });
    for (const eventType of ['session.started', 'session.ended'])
      await triggerEvent(harness, { eventType, userId: 'user-1', data: {} });
    await harness.advance(0);
    const failed = await deliveries.list({ endpointId: id, states: ['exhausted', 'failed'] });
    expect(failed.items).toHaveLength(2);
    harness.receiver.always(200);
    for (const delivery of failed.items) await deliveries.retry(delivery.id);
    await harness.advance(0);
    expect((await deliveries.list({ endpointId: id, states: ['succeeded'] })).items).toHaveLength(2);
    expect(await endpoints.get(id)).toMatchObject({ succeeded: 2, failed: 2 });
  });

  it('limits what is sent per webhook and how many requests run at once', async () => {
    await using harness = await setup();
    await harness.createEndpoint({ rateLimit: { limit: 100, intervalMs: 60_000 } });
    for (let n = 0; n < 150; n += 1) await harness.dispatcher.emit('session.message', n);
    await harness.advance(0);
    expect(harness.receiver.received).toBe(100);
    await harness.advance(120_000);
    expect(harness.receiver.received).toBe(150);
  });
});
