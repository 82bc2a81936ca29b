/** System D: image jobs with flat bodies, a fixed schedule, and 200 as the only success. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { OptionsError } from '../../src/errors.ts';
import { createHarness, type Harness } from '../../src/testing/harness.ts';
import { createWorld } from '../support/world.ts';

const SECRET = 'your_webhook_secret';
const COMPLETED = {
  event: 'job.completed',
  job_id: '550e8400-e29b-41d4-a716-446655440000',
  pattern_id: 'pat_2gYc3kZ8mN',
  status: 'completed',
  result: {
    vendor_name: 'Acme Corporation',
    invoice_number: 'INV-2024-001',
    invoice_date: '2024-01-15',
    total_amount: 1942.92,
  },
  confidence: 0.97,
  processing_time_ms: 3420,
  created_at: '2024-01-21T10:30:00Z',
  completed_at: '2024-01-21T10:30:18Z',
};
const FAILED = {
  event: 'job.failed',
  job_id: '550e8400-e29b-41d4-a716-446655440000',
  pattern_id: 'pat_2gYc3kZ8mN',
  status: 'failed',
  error: { code: 'invalid_image', message: 'Image URL is not accessible' },
  created_at: '2024-01-21T10:30:00Z',
  failed_at: '2024-01-21T10:30:05Z',
};

const MINUTE = 60_000;

function setup(): Promise<Harness> {
  return createHarness({
    dispatcher: {
      envelope: 'raw',
      signatures: [{ scheme: 'hex', header: 'X-ImgGo-Signature' }],
      success: [200],
      onGone: 'retry',
      retryAfter: false,
      retry: {
        kind: 'schedule',
        delaysMs: [30_000, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 60 * MINUTE],
        jitter: 0,
      },
    },
  });
}

/** Printed for Express: serialises the parsed body again. */
function verifySignature(payload: unknown, signature: string): boolean {
  const expectedSignature = createHmac('sha256', SECRET).update(JSON.stringify(payload)).digest('hex');
  return timingSafeEqual(Buffer.from(signature), Buffer.from(expectedSignature));
}

/** Printed for Flask, over the raw bytes: `hmac.new(secret, payload, sha256).hexdigest()`. */
function verifyRawSignature(payload: Buffer, signature: string): boolean {
  return createHmac('sha256', SECRET).update(payload).digest('hex') === signature;
}

describe('ImgGo', () => {
  it.each([COMPLETED, FAILED])(
    'sends $event as printed, verified by both printed receivers',
    async (payload) => {
      await using harness = await setup();
      harness.receiver.always((request) => {
        const signature = request.headers['x-imggo-signature']!;
        if (!verifySignature(request.json(), signature) || !verifyRawSignature(request.body, signature))
          return 401;
        return { status: 200, body: '{"status":"received"}' };
      });
      const endpoint = await harness.createEndpoint({
        events: ['job.completed', 'job.failed'],
        secret: SECRET,
      });
      await harness.dispatcher.emit(payload.event, payload);
      await harness.advance(0);
      expect(harness.receiver.requests[0]!.text).toBe(JSON.stringify(payload));
      expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded', attempts: 1 }]);
    },
  );

  it('retries on the printed schedule, six attempts in all, whatever but 200 comes', async () => {
    await using harness = await setup();
    const statuses = [201, 302, 400, 410, 429, 503];
    const startedAt = harness.clock.now();
    const arrivals: number[] = [];
    harness.receiver.always(() => {
      arrivals.push((harness.clock.now() - startedAt) / 1_000);
      return { status: statuses[arrivals.length - 1]!, headers: { 'retry-after': '1' } };
    });
    const endpoint = await harness.createEndpoint({ secret: SECRET });
    await harness.dispatcher.emit('job.completed', COMPLETED);
    await harness.advance(24 * 60 * MINUTE);
    expect(arrivals).toEqual([0, 30, 150, 750, 2_550, 6_150]);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'exhausted', attempts: 6 }]);
    expect(await harness.dispatcher.endpoints.get(endpoint.id)).toMatchObject({ status: 'enabled' });
  });

  it('sends job.queued only to those who ask for it', async () => {
    await using harness = await setup();
    harness.receiver.always(200);
    await harness.createEndpoint({
      url: harness.receiver.urlOf('/most'),
      events: ['job.completed', 'job.failed'],
    });
    await harness.createEndpoint({ url: harness.receiver.urlOf('/all'), events: ['job.*'] });
    await harness.dispatcher.emit('job.queued', { event: 'job.queued' });
    await harness.advance(0);
    expect(harness.receiver.requests.map(({ path }) => path)).toEqual(['/all']);
  });

  it('gives a receiver what it needs to act once: the same job id and body on every attempt', async () => {
    await using harness = await setup();
    harness.receiver.reply(500, 200);
    await harness.createEndpoint({ secret: SECRET });
    await harness.dispatcher.emit('job.completed', COMPLETED, { idempotencyKey: COMPLETED.job_id });
    await harness.dispatcher.emit('job.completed', COMPLETED, { idempotencyKey: COMPLETED.job_id });
    await harness.advance(MINUTE);
    expect(new Set(harness.receiver.requests.map(({ text }) => text)).size).toBe(1);
    expect(harness.receiver.received).toBe(2);
  });

  it('registers HTTPS URLs only', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start({ network: { requireHttps: true } });
    await expect(endpoints.create({ url: 'http://your-app.com/webhooks/imggo' })).rejects.toThrow(
      OptionsError,
    );
    await endpoints.create({ url: 'https://your-app.com/webhooks/imggo' });
  });
});
