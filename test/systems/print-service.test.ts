/** System A: a print service that tells one URL of each step of a job. The URL comes with the job; nothing is registered. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { EndpointInput } from '../../src/core/endpoint-input.ts';
import type { DeliverySettings } from '../../src/core/endpoint.ts';
import type { DispatcherOptions } from '../../src/options.ts';
import { createHarness } from '../../src/testing/harness.ts';

const JOB_ID = '550e8400-e29b-41d4-a716-446655440000';

/** The payload as its documentation prints it. */
const PAYLOAD = {
  event: 'job_status_update',
  job_id: JOB_ID,
  status: 'printing',
  timestamp: '2025-01-15T10:30:00.000Z',
  job: {
    id: JOB_ID,
    status: 'printing',
    filename: 'model.stl',
    storage_path: 'uploads/model.stl',
    gcode_path: '/path/to/output.gcode',
    error_message: null,
    created_at: '2025-01-15T10:25:00.000Z',
    updated_at: '2025-01-15T10:30:00.000Z',
    slicing_started_at: '2025-01-15T10:28:00.000Z',
    printing_started_at: '2025-01-15T10:30:00.000Z',
  },
};

const TRANSITIONS = [
  ['pending', 'downloading'],
  ['downloading', 'slicing'],
  ['slicing', 'uploading'],
  ['uploading', 'printing'],
  ['printing', 'complete'],
] as const;

const service: DispatcherOptions = {
  userAgent: 'OrcaSlicer-Print-Service/1.0.0',
  functions: { header: { 'event-slug': ({ message }) => message.type.replaceAll('_', '-') } },
};

/** How the service sends, wherever it sends to. */
const settings = {
  envelope: 'raw',
  signatures: ['none'],
  computedHeaders: { 'X-Print-Service-Event': 'event-slug' },
  retry: { kind: 'exponential', maxAttempts: 4, initialDelayMs: 1_000, jitter: 0 },
  retryOn: ['5xx', 'network', 'timeout'],
  timeoutMs: 10_000,
} as const satisfies DeliverySettings;

/** A receiver that wants to hear of all jobs. */
const endpoint: Partial<EndpointInput> = {
  ...settings,
  events: ['job_status_update'],
  filter: {
    $or: [
      ...TRANSITIONS.map(([previous, next]) => ({ 'metadata.previous': previous, 'data.status': next })),
      { 'data.status': 'failed' },
    ],
  },
};

/** Printed in the documentation. */
function verifyWebhookSignature(payload: unknown, signature: string, secret: string): boolean {
  const hmac = createHmac('sha256', secret);
  const digest = hmac.update(JSON.stringify(payload)).digest('hex');
  return timingSafeEqual(Buffer.from(signature), Buffer.from(digest));
}

describe('the print service', () => {
  it.each(['comes with the job', 'was registered'])(
    'sends the printed bytes to a URL that %s',
    async (url) => {
      await using harness = await createHarness({ dispatcher: service });
      const to = url === 'was registered' ? undefined : { url: harness.receiver.url, ...settings };
      if (to === undefined) await harness.createEndpoint(endpoint);
      await harness.dispatcher.emit('job_status_update', PAYLOAD, {
        to,
        metadata: { previous: 'uploading' },
      });
      await harness.advance(0);
      const [request] = harness.receiver.requests;
      expect(request!.method).toBe('POST');
      expect(request!.text).toBe(JSON.stringify(PAYLOAD));
      expect(request!.headers).toMatchObject({
        'content-type': 'application/json',
        'user-agent': 'OrcaSlicer-Print-Service/1.0.0',
        'x-print-service-event': 'job-status-update',
      });
      expect(Object.keys(request!.headers).filter((name) => name.startsWith('webhook-'))).toEqual([]);
    },
  );

  it('is verified by the printed code with the optional signature', async () => {
    const secret = 'a-webhook-secret-of-the-frontend';
    await using harness = await createHarness({ dispatcher: service });
    const signatures = [{ scheme: 'hex', header: 'X-Print-Service-Signature' }];
    const to = { url: harness.receiver.url, ...settings, signatures, secret };
    await harness.dispatcher.emit('job_status_update', PAYLOAD, { to });
    await harness.advance(0);
    const [request] = harness.receiver.requests;
    const signature = request!.headers['x-print-service-signature']!;
    expect(verifyWebhookSignature(request!.json(), signature, secret)).toBe(true);
    expect(verifyWebhookSignature({ ...PAYLOAD, status: 'failed' }, signature, secret)).toBe(false);
  });

  it('is sent for the named transitions only', async () => {
    await using harness = await createHarness({ dispatcher: service });
    await harness.createEndpoint(endpoint);
    const statuses = ['pending', 'downloading', 'slicing', 'uploading', 'printing', 'complete', 'failed'];
    for (const previous of statuses)
      for (const status of statuses)
        await harness.dispatcher.emit(
          'job_status_update',
          { ...PAYLOAD, status },
          { metadata: { previous } },
        );
    await harness.advance(0);
    const sent = harness.receiver.requests.map((request) => (request.json() as { status: string }).status);
    expect(sent.filter((status) => status !== 'failed').sort()).toEqual(
      TRANSITIONS.map(([, next]) => next).sort(),
    );
    expect(sent.filter((status) => status === 'failed')).toHaveLength(statuses.length);
  });

  it.each([
    [400, 1],
    [404, 1],
    [500, 4],
    [503, 4],
  ])('answered with %i, is attempted %i times', async (status, attempts) => {
    await using harness = await createHarness({ dispatcher: service });
    harness.receiver.always(status);
    const to = { url: harness.receiver.url, ...settings };
    const { deliveries } = await harness.dispatcher.emit('job_status_update', PAYLOAD, { to });
    await harness.advance(600_000);
    expect(harness.receiver.received).toBe(attempts);
    expect(await harness.deliveriesTo(deliveries[0]!.endpointId)).toMatchObject([
      { state: 'exhausted', attempts },
    ]);
  });

  it('takes each job to its own URL, and prints the log lines of the service', async () => {
    await using harness = await createHarness({ dispatcher: service });
    const { dispatcher, receiver } = harness;
    const lines: string[] = [];
    const jobOf = async (messageId: string): Promise<string> =>
      ((await dispatcher.messages.get(messageId)).data as { job_id: string }).job_id;
    dispatcher.on('delivery.succeeded', async ({ message }) => {
      lines.push(`Webhook notification sent for job ${await jobOf(message.id)}`);
    });
    dispatcher.on('delivery.exhausted', async ({ message }) => {
      lines.push(`Webhook notification failed for job ${await jobOf(message.id)}`);
    });
    receiver.on('/jobs/b').always(404);
    for (const job of ['a', 'b']) {
      const to = { ...settings, url: receiver.urlOf(`/jobs/${job}`) };
      await dispatcher.emit('job_status_update', { ...PAYLOAD, job_id: job }, { to });
    }
    await harness.advance(0);
    expect(receiver.requests.map(({ path }) => path).sort()).toEqual(['/jobs/a', '/jobs/b']);
    expect(lines.sort()).toEqual([
      'Webhook notification failed for job b',
      'Webhook notification sent for job a',
    ]);
  });
});
