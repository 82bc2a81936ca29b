import { describe, expect, it } from 'vitest';
import { classify, type ExchangeResult } from '../../src/core/classify.ts';
import { DISPATCHER_REASONS, ENDPOINT_REASONS } from '../../src/core/outcome.ts';
import type { TransportResult } from '../../src/transport/transport.ts';

function response(
  status: number,
  changes: Partial<ExchangeResult & { kind: 'response' }> = {},
): TransportResult {
  return {
    kind: 'response',
    status,
    headers: {},
    body: new Uint8Array(),
    bodyTruncated: false,
    bodyComplete: true,
    ...changes,
  } as TransportResult;
}

const DEFAULT = ['2xx'] as const;

describe('classify', () => {
  it.each([
    ['60', 'HTTP 503; the receiver asks for a wait of 60 s (Retry-After)'],
    ['Thu, 01 Jan 1970 00:02:00 GMT', 'HTTP 503; the receiver asks for a wait of 60 s (Retry-After)'],
    ['0', 'HTTP 503'],
    ['soon', 'HTTP 503'],
  ])('says what Retry-After: %s asks for', (value, detail) => {
    const failed = response(503, { headers: { 'retry-after': value } });
    expect(classify(failed, DEFAULT, 60_000)).toMatchObject({ detail });
  });

  it.each([200, 201, 202, 204, 205, 206, 299])('takes %i for delivered', (status) => {
    expect(classify(response(status), DEFAULT, 0)).toMatchObject({ kind: 'delivered', response: { status } });
  });

  it.each([300, 301, 302, 303, 304, 307, 308, 399])(
    'takes %i for a redirect, which is not followed',
    (status) => {
      const result = classify(response(status, { headers: { location: 'http://10.0.0.1/' } }), DEFAULT, 0);
      expect(result).toMatchObject({
        kind: 'endpoint_failed',
        reason: 'redirect',
        detail: `HTTP ${status}; redirects are not followed`,
        response: { headers: { location: 'http://10.0.0.1/' } },
      });
    },
  );

  it.each([400, 401, 404, 408, 410, 413, 429, 500, 502, 503, 504, 600, 999])(
    'takes %i for a failure',
    (status) => {
      expect(classify(response(status), DEFAULT, 0)).toMatchObject({
        kind: 'endpoint_failed',
        reason: 'http_status',
        detail: `HTTP ${status}`,
        response: { status },
      });
    },
  );

  it('follows the rules of the endpoint', () => {
    expect(classify(response(204), [200], 0).kind).toBe('endpoint_failed');
    expect(classify(response(200), [200], 0).kind).toBe('delivered');
    expect(classify(response(302), ['2xx', '3xx'], 0).kind).toBe('delivered');
    expect(classify(response(409), ['2xx', 409], 0).kind).toBe('delivered');
  });

  it('judges a response by its status alone, whatever became of the body', () => {
    const broken = { body: new Uint8Array([0xff]), bodyComplete: false, bodyTruncated: true };
    expect(classify(response(200, broken), DEFAULT, 0)).toMatchObject({
      kind: 'delivered',
      response: { bodyComplete: false, bodyTruncated: true },
    });
    expect(classify(response(503, broken), DEFAULT, 0)).toMatchObject({
      kind: 'endpoint_failed',
      reason: 'http_status',
      response: { bodyComplete: false },
    });
  });

  it.each(ENDPOINT_REASONS)('charges the failure %s to the endpoint', (reason) => {
    expect(classify({ kind: 'failure', reason, detail: 'why' }, DEFAULT, 0)).toEqual({
      kind: 'endpoint_failed',
      reason,
      detail: 'why',
      response: undefined,
    });
  });

  it.each(DISPATCHER_REASONS)('charges the fault %s to the dispatcher', (reason) => {
    expect(classify({ kind: 'fault', reason, detail: 'why' }, DEFAULT, 0)).toEqual({
      kind: 'dispatcher_failed',
      reason,
      detail: 'why',
    });
  });
});
