/** Settings with which real webhook senders can be served: their receivers see the headers, bodies and times they know. */
import { describe, expect, it } from 'vitest';
import { classify } from '../../src/core/classify.ts';
import { decideNext } from '../../src/core/decide.ts';
import { fitHeaders } from '../../src/core/delivery-headers.ts';
import type { DeliverySettings, ResolvedDeliverySettings } from '../../src/core/endpoint.ts';
import { buildEnvelope, validateEnvelope } from '../../src/core/envelope.ts';
import { validateComputedHeaders, validateHeaders } from '../../src/core/header-rules.ts';
import type { Message } from '../../src/core/message.ts';
import {
  describeSchedule,
  resolveRetryPolicy,
  validateRetryOn,
  validateRetryPolicy,
  validateSuccess,
} from '../../src/core/retry-policy.ts';
import { resolveSignature, validateSignatures } from '../../src/core/signature.ts';

const message: Message = {
  id: 'evt_1',
  tenant: 'default',
  type: 'job.completed',
  dataJson: '{"event":"job.completed","job_id":"550e8400"}',
  timestamp: Date.UTC(2024, 0, 21, 10, 30),
  idempotencyKey: undefined,
  orderingKey: undefined,
  metadata: undefined,
  trace: undefined,
  addressed: false,
  test: false,
};

/** Checks all that is given, as creating an endpoint does. */
function accept(
  settings: DeliverySettings,
): Omit<ResolvedDeliverySettings, 'shouldRetry' | 'rateLimit' | 'maxConcurrencyTotal'> {
  const complete = {
    envelope: validateEnvelope(settings.envelope ?? 'standard', 'envelope'),
    signatures: validateSignatures(settings.signatures ?? ['standard'], 'signatures'),
    headers: validateHeaders(settings.headers ?? {}, 'headers'),
    computedHeaders: validateComputedHeaders(settings.computedHeaders ?? {}, 'computedHeaders'),
    retry: validateRetryPolicy(settings.retry ?? 'default', 'retry'),
    success: validateSuccess(settings.success ?? ['2xx'], 'success'),
    retryOn: validateRetryOn(settings.retryOn ?? ['*'], 'retryOn'),
    onGone: settings.onGone ?? 'disable',
    retryAfter: settings.retryAfter ?? { maxMs: 86_400_000, blockOn: [429] },
    timeoutMs: 15_000,
    concurrency: 10,
    breaker: false,
    autoDisable: false,
    onDisable: 'discard',
    ordering: 'none',
    auth: false,
    tls: false,
    verification: false,
  } as const;
  return { ...complete, ...fitHeaders(complete, '') };
}

const statusOf = (settings: DeliverySettings, status: number): string => {
  const response = { status, headers: {}, body: new Uint8Array(), bodyTruncated: false, bodyComplete: true };
  return classify({ kind: 'response', ...response }, accept(settings).success, 0).kind;
};

function isTriedAgain(settings: DeliverySettings, status: number): boolean {
  const { retry, retryOn, onGone, retryAfter } = accept(settings);
  const policy = { retry: resolveRetryPolicy(retry), retryOn, onGone, retryAfter };
  const attempt = {
    reason: 'http_status',
    status,
    retryAfter: undefined,
    attemptInRun: 1,
    nowMs: 0,
    draw: 0,
  } as const;
  return decideNext({ ...attempt, policy }).verdict.kind === 'retry';
}

describe('settings for', () => {
  it('a print service: flat body, retries on server errors only', () => {
    const settings: DeliverySettings = {
      envelope: 'raw',
      signatures: [{ scheme: 'hex', header: 'x-print-service-signature' }],
      computedHeaders: { 'X-Print-Service-Event': 'dashedEventName' },
      retry: { kind: 'exponential', maxAttempts: 4, initialDelayMs: 1000 },
      retryOn: ['5xx', 'timeout', 'network'],
    };
    expect(buildEnvelope(accept(settings).envelope, message)!.body).toBe(message.dataJson);
    expect([400, 404, 429, 500, 503].map((status) => isTriedAgain(settings, status))).toEqual([
      false,
      false,
      false,
      true,
      true,
    ]);
  });

  it('a dashboard: a static secret header, sent once', () => {
    const settings = accept({
      envelope: 'dashboardBody',
      signatures: ['none'],
      headers: { 'X-Webhook-Secret': 'your-secret-token-here', 'X-Custom-Header': 'custom-value' },
      retry: 'once',
    });
    expect(Object.keys(settings.headers)).toEqual(['X-Webhook-Secret', 'X-Custom-Header']);
    expect(describeSchedule(settings.retry)!.offsetsMs).toEqual([0]);
  });

  it('a job queue: its headers, credentials, and everything below 400 a success', () => {
    const settings: DeliverySettings = {
      envelope: 'jobQueueBody',
      signatures: [{ scheme: 'hex', header: 'X-Webhook-Signature', prefix: 'sha256=' }],
      headers: {
        Authorization: 'Bearer your-api-token',
        'X-API-Key': 'your-api-key',
        'Content-Type': 'application/json',
      },
      computedHeaders: {
        'X-Webhook-Event': 'message.type',
        'X-Webhook-ID': 'endpoint.id',
        'X-Event-ID': 'message.id',
      },
      retry: { kind: 'exponential', maxAttempts: 3, initialDelayMs: 1000, multiplier: 2, maxDelayMs: 30_000 },
      success: ['2xx', '3xx'],
    };
    expect(Object.keys(accept(settings).headers)).toEqual(['Authorization', 'X-API-Key']);
    expect([200, 302, 400, 500].map((status) => statusOf(settings, status))).toEqual([
      'delivered',
      'delivered',
      'endpoint_failed',
      'endpoint_failed',
    ]);
    expect(describeSchedule(accept(settings).retry)!.offsetsMs).toEqual([0, 1000, 3000]);
  });

  it('an image service: its schedule, and nothing but 200 a success', () => {
    const settings: DeliverySettings = {
      envelope: 'raw',
      signatures: [{ scheme: 'hex', header: 'X-ImgGo-Signature' }],
      retry: { kind: 'schedule', delaysMs: [30_000, 120_000, 600_000, 1_800_000, 3_600_000], jitter: 0 },
      success: [200],
    };
    const { offsetsMs, totalMs } = describeSchedule(accept(settings).retry)!;
    expect(offsetsMs).toHaveLength(6);
    expect(totalMs).toBe((60 + 42) * 60_000 + 30_000);
    expect([200, 201, 204].map((status) => statusOf(settings, status))).toEqual([
      'delivered',
      'endpoint_failed',
      'endpoint_failed',
    ]);
  });

  it('a cloud service: id in the body, time and signature in its headers', () => {
    const settings = accept({
      envelope: { name: 'standard', idInBody: true },
      signatures: ['timestamped-hex'],
    });
    expect(JSON.parse(buildEnvelope(settings.envelope, message)!.body as string)).toMatchObject({
      id: 'evt_1',
      type: 'job.completed',
      data: { job_id: '550e8400' },
    });
    expect(settings.signatures.map(resolveSignature)[0]!.headerNames).toEqual([
      'x-webhook-timestamp',
      'x-webhook-signature',
    ]);
  });
});
