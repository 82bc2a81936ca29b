/** System C: a job queue behind an event broadcaster, with filters, signatures and retries per webhook. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { EndpointInput } from '../../src/core/endpoint-input.ts';
import type { EnvelopeFunction, FunctionRegistry } from '../../src/core/functions.ts';
import type { DispatcherOptions } from '../../src/options.ts';
import { createHarness, type Harness } from '../../src/testing/harness.ts';
import { until } from '../support/world.ts';

const START = 1_642_123_456_789;
const WEBHOOK_ID = 'wh_1234567890_abc123def';
const SECRET = 'your-secret-key';
const EVENT_TYPES = [
  ...[
    'submitted',
    'assigned',
    'progress',
    'completed',
    'failed',
    'cancelled',
    'timeout',
    'status_changed',
  ].map((name) => `job.${name}`),
  'machine.startup',
  'machine.shutdown',
  'worker.connected',
  'worker.disconnected',
];

const envelope: EnvelopeFunction = ({ message, data, endpoint, attempt, now, firstAttemptAt }) => ({
  body: JSON.stringify({
    event_type: message.type,
    event_id: message.id,
    timestamp: now,
    webhook_id: endpoint.id,
    data,
    ...(attempt > 1 ? { metadata: { retry_attempt: attempt - 1, original_timestamp: firstAttemptAt } } : {}),
  }),
  contentType: 'application/json',
});
const functions: FunctionRegistry = { envelope: { emp: envelope } };

const options: DispatcherOptions = {
  functions,
  userAgent: 'EMP-Job-Queue-Webhook/1.0',
  secretPolicy: 'optional',
  envelope: 'emp',
  signatures: [{ scheme: 'hex', header: 'X-Webhook-Signature', prefix: 'sha256=' }],
  computedHeaders: {
    'X-Webhook-Event': 'message.type',
    'X-Webhook-ID': 'endpoint.id',
    'X-Event-ID': 'message.id',
  },
  success: ['2xx', '3xx'],
  retry: {
    kind: 'exponential',
    maxAttempts: 3,
    initialDelayMs: 1_000,
    multiplier: 2,
    maxDelayMs: 30_000,
    jitter: 0,
  },
  timeoutMs: 30_000,
};

/** `filters` as the system knows them, as a filter of ours. */
function toFilter(filters: {
  job_types?: string[];
  job_priorities?: number[];
  machine_ids?: string[];
  worker_ids?: string[];
  custom_filters?: Record<string, string>;
}): NonNullable<EndpointInput['filter']> {
  return {
    ...(filters.job_types === undefined ? {} : { 'data.job_type': filters.job_types }),
    ...(filters.job_priorities === undefined ? {} : { 'data.priority': filters.job_priorities }),
    ...(filters.machine_ids === undefined ? {} : { 'data.machine_id': { $glob: filters.machine_ids } }),
    ...(filters.worker_ids === undefined ? {} : { 'data.worker_id': { $glob: filters.worker_ids } }),
    ...Object.fromEntries(
      Object.entries(filters.custom_filters ?? {}).map(([key, value]) => [`data.${key}`, value]),
    ),
  };
}

/** Printed in the documentation. */
function verifyWebhookSignature(payload: unknown, signature: string, secret: string): boolean {
  const expectedSignature = createHmac('sha256', secret).update(JSON.stringify(payload)).digest('hex');
  const providedSignature = signature.replace('sha256=', '');
  return timingSafeEqual(Buffer.from(expectedSignature, 'hex'), Buffer.from(providedSignature, 'hex'));
}

function setup(): Promise<Harness> {
  return createHarness({ startAt: START, dispatcher: options });
}

describe('the job queue', () => {
  it('sends the printed body and headers, verified by the printed code', async () => {
    await using harness = await setup();
    await harness.createEndpoint({
      id: WEBHOOK_ID,
      secret: SECRET,
      headers: {
        Authorization: 'Bearer your-api-token',
        'X-API-Key': 'your-api-key',
        'Content-Type': 'application/json',
      },
    });
    const data = { job_id: 'job_123', job_type: 'comfyui', job_status: 'completed', progress: 100 };
    await harness.dispatcher.emit('job.completed', data, { id: 'evt_9876543210_xyz789abc' });
    await harness.advance(0);
    const [request] = harness.receiver.requests;
    expect(request!.json()).toEqual({
      event_type: 'job.completed',
      event_id: 'evt_9876543210_xyz789abc',
      timestamp: START,
      webhook_id: WEBHOOK_ID,
      data,
    });
    expect(request!.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'EMP-Job-Queue-Webhook/1.0',
      'x-webhook-event': 'job.completed',
      'x-webhook-id': WEBHOOK_ID,
      'x-event-id': 'evt_9876543210_xyz789abc',
      authorization: 'Bearer your-api-token',
      'x-api-key': 'your-api-key',
    });
    const signature = request!.headers['x-webhook-signature']!;
    expect(signature).toMatch(/^sha256=[0-9a-f]{64}$/);
    expect(verifyWebhookSignature(request!.json(), signature, SECRET)).toBe(true);
    expect(verifyWebhookSignature(request!.json(), signature, 'another secret')).toBe(false);
  });

  it('sends no signature without a secret', async () => {
    await using harness = await setup();
    await harness.createEndpoint();
    await harness.dispatcher.emit('job.completed', {});
    await harness.advance(0);
    expect(harness.receiver.requests[0]!.headers).not.toHaveProperty('x-webhook-signature');
  });

  it('retries after 1 s and 2 s, with metadata that tells of it, each attempt verified', async () => {
    await using harness = await setup();
    harness.receiver.reply(500, 400);
    const { id } = await harness.createEndpoint({ secret: SECRET });
    const lines: string[] = [];
    harness.dispatcher.on('delivery.retrying', ({ endpoint, attempt, detail, delayMs, maxAttempts }) => {
      lines.push(`Webhook delivery failed: ${endpoint.id} (attempt ${attempt}) - ${detail}`);
      lines.push(
        `Webhook retry scheduled: ${endpoint.id} in ${delayMs}ms (attempt ${attempt + 1}/${maxAttempts})`,
      );
    });
    await harness.dispatcher.emit('job.failed', { job_id: 'job_123' });
    await harness.advance(10_000);
    const bodies = harness.receiver.requests.map(
      (request) => request.json() as { timestamp: number; metadata?: object },
    );
    expect(bodies.map(({ timestamp, metadata }) => [timestamp - START, metadata])).toEqual([
      [0, undefined],
      [1_000, { retry_attempt: 1, original_timestamp: START }],
      [3_000, { retry_attempt: 2, original_timestamp: START }],
    ]);
    for (const request of harness.receiver.requests)
      expect(verifyWebhookSignature(request.json(), request.headers['x-webhook-signature']!, SECRET)).toBe(
        true,
      );
    expect(lines).toEqual([
      `Webhook delivery failed: ${id} (attempt 1) - HTTP 500`,
      `Webhook retry scheduled: ${id} in 1000ms (attempt 2/3)`,
      `Webhook delivery failed: ${id} (attempt 2) - HTTP 400`,
      `Webhook retry scheduled: ${id} in 2000ms (attempt 3/3)`,
    ]);
  });

  it('gives up after three attempts, and takes every status below 400 for delivered', async () => {
    await using harness = await setup();
    harness.receiver.on('/bad').always(404);
    harness.receiver.on('/moved').always(302);
    const bad = await harness.createEndpoint({ url: harness.receiver.urlOf('/bad') });
    const moved = await harness.createEndpoint({ url: harness.receiver.urlOf('/moved') });
    await harness.dispatcher.emit('job.failed', {});
    await harness.advance(600_000);
    expect(await harness.deliveriesTo(bad)).toMatchObject([{ state: 'exhausted', attempts: 3 }]);
    expect(await harness.deliveriesTo(moved)).toMatchObject([{ state: 'succeeded', attempts: 1 }]);
  });

  it('filters by type, priority, machine and worker', async () => {
    await using harness = await setup();
    const cases = {
      types: { job_types: ['comfyui'], job_priorities: [1, 2, 3] },
      machines: { machine_ids: ['prod-cluster-*'] },
      workers: { worker_ids: ['w1'], custom_filters: { region: 'eu' } },
    };
    for (const [name, filters] of Object.entries(cases))
      await harness.createEndpoint({ url: harness.receiver.urlOf(`/${name}`), filter: toFilter(filters) });
    const emit = (data: object): Promise<unknown> => harness.dispatcher.emit('job.progress', data);
    await emit({ job_type: 'comfyui', priority: 2 });
    await emit({ job_type: 'comfyui', priority: 9 });
    await emit({ job_type: 'a1111', priority: 1, machine_id: 'prod-cluster-7' });
    await emit({ machine_id: 'dev-cluster-7' });
    await emit({ worker_id: 'w1', region: 'eu' });
    await emit({ worker_id: 'w1', region: 'us' });
    await harness.advance(0);
    expect(harness.receiver.requests.map(({ path }) => path).sort()).toEqual([
      '/machines',
      '/types',
      '/workers',
    ]);
  });

  it('sits behind the broadcaster without ever blocking it', async () => {
    await using harness = await setup();
    await harness.createEndpoint();
    const broadcaster = new EventEmitter();
    const heardByMonitors: string[] = [];
    for (const type of EVENT_TYPES) broadcaster.on(type, () => void heardByMonitors.push(type));
    harness.dispatcher.attach(broadcaster, {
      events: EVENT_TYPES,
      map: (type, event) => ({ data: { ...(event as object), type } }),
    });
    for (const type of EVENT_TYPES) broadcaster.emit(type, { job_id: 'job_123' });
    expect(heardByMonitors).toEqual(EVENT_TYPES);
    await until(() => harness.receiver.received === EVENT_TYPES.length, 'all have arrived');
    await harness.advance(0);
    const types = harness.receiver.requests.map(
      (request) => (request.json() as { event_type: string }).event_type,
    );
    expect(types.sort()).toEqual([...EVENT_TYPES].sort());
  });

  it('takes what the broadcaster processes, as the original does, without an adapter', async () => {
    await using harness = await setup();
    await harness.createEndpoint({ id: WEBHOOK_ID });
    const warnings: unknown[] = [];
    const broadcast = (event: object): void => {
      harness.dispatcher.process(event).catch((error: unknown) => warnings.push(error));
    };
    broadcast({ type: 'job.completed', job_id: 'job_123', job_status: 'completed' });
    broadcast({ type: 'not an event type' });
    const [request] = await harness.receiver.waitFor(1);
    await harness.advance(0);
    expect(request!.json()).toMatchObject({
      event_type: 'job.completed',
      webhook_id: WEBHOOK_ID,
      data: { job_id: 'job_123', job_status: 'completed' },
    });
    expect(warnings).toMatchObject([{ code: 'invalid_option', path: 'type' }]);
    expect(harness.receiver.received).toBe(1);
  });

  it('sends to many webhooks at once, where the original sends one at a time', async () => {
    await using harness = await setup();
    harness.receiver.hold();
    for (let n = 0; n < 8; n += 1) await harness.createEndpoint();
    await harness.dispatcher.emit('job.completed', {});
    await harness.receiver.waitFor(8);
    expect(harness.receiver.waiting).toBe(8);
    harness.receiver.release();
    await harness.advance(0);
  });
});
