import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../../src/core/delivery.ts';
import { toStoredResponse } from '../../../src/core/stored-response.ts';
import { StoreError } from '../../../src/errors.ts';
import { fromAttemptColumns, toAttemptColumns } from '../../../src/store/codec/attempt-codec.ts';
import { errorOf } from './error-of.ts';

const owner = { deliveryId: 'dlv_1', messageId: 'msg_1', endpointId: 'ep_1', tenant: 'default' };

const MINIMAL: Attempt = {
  ...owner,
  attempt: 1,
  outcome: 'interrupted',
  reason: undefined,
  detail: undefined,
  startedAt: 1_795_417_210_181,
  durationMs: 12,
  response: undefined,
  traceparent: undefined,
};
const FULL: Attempt = {
  ...MINIMAL,
  attempt: 3,
  outcome: 'endpoint_failed',
  reason: 'http_status',
  detail: 'status 500',
  response: {
    status: 500,
    headers: { 'retry-after': '5' },
    body: 'sorry',
    bodyEncoding: 'utf8',
    bodyTruncated: true,
    bodyComplete: false,
  },
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};

const roundTrip = (attempt: Attempt): Attempt =>
  fromAttemptColumns({ ...toAttemptColumns(attempt), startedAt: attempt.startedAt }, owner);

describe('attempt columns', () => {
  it('have null where an attempt has nothing', () => {
    expect(toAttemptColumns(MINIMAL)).toEqual({
      attempt: 1,
      outcome: 'interrupted',
      reason: null,
      durationMs: 12,
      extra: null,
    });
  });

  it.each([
    ['nothing extra', MINIMAL],
    ['everything', FULL],
    ['a detail alone', { ...MINIMAL, detail: 'called off' }],
    ['an empty detail', { ...MINIMAL, detail: '' }],
    ['a response alone', { ...MINIMAL, response: FULL.response }],
    ['a trace alone', { ...MINIMAL, traceparent: FULL.traceparent }],
  ])('bring back an attempt with %s', (_, attempt) => {
    expect(roundTrip(attempt)).toEqual(attempt);
  });

  it('may come back as text and bigints', () => {
    const columns = { ...toAttemptColumns(FULL), durationMs: '12', startedAt: 1_795_417_210_181n };
    expect(fromAttemptColumns(columns, owner)).toEqual(FULL);
  });

  it('hold no U+0000 and no half surrogate pair, whatever a receiver sends', () => {
    const unit = fc.constantFrom('\0', '\ud800', '\udfff', '\n', '"', 'a', 'é', '😀');
    const text = fc.string({ unit, maxLength: 20 });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.constantFrom(0x00, 0x41, 0xed, 0xa0, 0x80, 0xff)).map((list) => Uint8Array.from(list)),
      text.map((body) => new TextEncoder().encode(body)),
    );
    fc.assert(
      fc.property(bytes, text, fc.dictionary(text, text), fc.boolean(), (body, detail, headers, whole) => {
        const response = toStoredResponse({
          status: 500,
          headers,
          body,
          bodyTruncated: !whole,
          bodyComplete: whole,
        });
        const attempt = { ...FULL, detail, response };
        const { extra } = toAttemptColumns(attempt);
        expect(extra).not.toContain('\0');
        expect(extra).not.toMatch(/\p{Surrogate}/u);
        expect(roundTrip(attempt)).toEqual(attempt);
      }),
    );
  });

  it.each([
    ['no JSON', 's3cr3t', 'extra: expected JSON, got something else.'],
    ['a detail of another type', '{"detail":5}', 'extra.detail: expected a string, got a number.'],
    [
      'half a response',
      '{"response":{"status":"s3cr3t"}}',
      'extra.response.status: expected a number, got a string.',
    ],
  ])('are refused with %s as extra', (_, extra, why) => {
    const columns = { ...toAttemptColumns(FULL), startedAt: 1, extra };
    const error = errorOf(() => fromAttemptColumns(columns, owner));
    expect(error).toBeInstanceOf(StoreError);
    expect(error.code).toBe('record_invalid');
    expect(error.message).toContain(`Cannot read the attempt 3 of delivery "dlv_1" that is stored: ${why}`);
    expect(error.message).not.toContain('s3cr3t');
  });
});
